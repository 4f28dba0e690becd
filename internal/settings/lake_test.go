package settings_test

import (
	"errors"
	"testing"

	"mercado/internal/settings"
)

func TestParametersOfMetricsAreBounded(t *testing.T) {
	t.Parallel()
	valid := settings.Lake{MemoryLimit: "256MiB", Threads: 1, MaskKey: "a key", CLVExpectedMonths: 12}
	for setting, change := range map[string]func(*settings.Lake){
		"":                             func(*settings.Lake) {},
		"MERCADO_CLV_EXPECTED_MONTHS":  func(l *settings.Lake) { l.CLVExpectedMonths = -1 },
		"MERCADO_CLV_ACQUISITION_COST": func(l *settings.Lake) { l.CLVAcquisitionCost = -1 },
	} {
		l := valid
		change(&l)
		err := l.Validate()
		var wrong *settings.Error
		if setting == "" && err != nil || setting != "" && (!errors.As(err, &wrong) || wrong.Setting != setting) {
			t.Errorf("want a complaint of %q, got %v", setting, err)
		}
	}
}

func TestMemoryOfTheLakeIsASizeThatDuckDBTakes(t *testing.T) {
	t.Parallel()
	for size, right := range map[string]bool{
		"256MiB": true, "1MiB": true, "512M": true, "1.5 GB": true, "2gib": true, "100000 KB": true, "1TiB": true,
		"": false, "256": false, "256MiBs": false, "256 XB": false, "MiB": false, "-1GB": false, "1023KiB": false, "80%": false,
		"1..5GB": false, "0x10GB": false, "infGB": false, "64b": false,
	} {
		l := settings.Lake{MemoryLimit: size, Threads: 1, MaskKey: "a key"}
		err := l.Validate()
		var wrong *settings.Error
		if right && err != nil || !right && (!errors.As(err, &wrong) || wrong.Setting != "MERCADO_LAKE_MEMORY") {
			t.Errorf("%q: got %v", size, err)
		}
	}
}
