package settings_test

import (
	"testing"
	"time"

	"mercado/internal/settings"
)

func TestARateIsANumberAndADuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]settings.Rate{
		"10/15m": {Count: 10, Per: 15 * time.Minute}, "1/1s": {Count: 1, Per: time.Second}, "none": {},
	} {
		var got settings.Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
		var again settings.Rate
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%s written again is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "10", "/15m", "0/1m", "-1/1m", "10/1ms", "10/48h", "x/1m", "10/x"} {
		var got settings.Rate
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

func TestOnlyAddressesAreTrustedAsProxies(t *testing.T) {
	t.Parallel()
	for text, count := range map[string]int{"": 0, "10.0.0.1": 1, "10.0.0.0/8, ::1": 2} {
		if got, err := (settings.API{TrustedProxies: text}).Proxies(); err != nil || len(got) != count {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"proxy.example.com", "10.0.0.0/33", "10.0.0.1,,", "*"} {
		if err := (settings.API{Addr: "127.0.0.1:8080", TrustedProxies: text}).Validate(); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
