package settings_test

import (
	"errors"
	"testing"

	"mercado/internal/settings"
)

func TestParametersOfMetricsAreBounded(t *testing.T) {
	t.Parallel()
	valid := settings.Lake{Threads: 1, MaskKey: "a key", CLVExpectedMonths: 12}
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
