package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mercado/internal/settings"
	"mercado/internal/simulate"
)

func TestRateIsReadInEveryUnit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"5": 5, "5/s": 5, "0.5/s": 0.5, "90/m": 1.5, "1800/h": 0.5, "10000/s": 10_000, "600000/m": 10_000, "1e3": 1000,
	} {
		if got, err := perSecond(text); err != nil || got != want {
			t.Errorf("%q is %v a second, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "/", "/s", "5/", "5/d", "5/s/s", "s", "0", "0/s", "-1/s", "10001/s", "NaN", "Inf", "inf/h", "5 /s", "five"} {
		got, err := perSecond(text)
		var wrong *settings.Error
		if !errors.As(err, &wrong) || wrong.Setting != "--rate" {
			t.Errorf("%q is %v a second, %v", text, got, err)
		}
	}
}

// TestProgressIsLoggedHoweverTheTicksFall tells of progress late, early, and after a pause.
func TestProgressIsLoggedHoweverTheTicksFall(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	progress := loggedProgress(slog.New(slog.NewTextHandler(&said, nil)))
	for _, seconds := range []float64{1, 9.4, 9.999, 10.6, 11.6, 19.9, 20, 21, 45.7, 46, 49.9, 50.1} {
		progress(simulate.Snapshot{Elapsed: time.Duration(seconds * float64(time.Second)), Visits: 100, Requests: 400})
	}
	var logged []string
	for line := range strings.Lines(said.String()) {
		_, rest, _ := strings.Cut(line, `progress="`)
		logged = append(logged, strings.Join(strings.Fields(rest)[:2], " "))
	}
	if got := strings.Join(logged, ", "); got != "11 s, 20 s, 46 s, 50 s" {
		t.Errorf("progress was logged after %s:\n%s", got, said.String())
	}
}

func TestProgressLineTellsHowItGoes(t *testing.T) {
	t.Parallel()
	now := simulate.Snapshot{
		Elapsed: 20 * time.Second, Visits: 90, InFlight: 3, Requests: 500, Errors: 2,
		Outcomes: simulate.Outcomes{Confirmed: 11, Declined: 4, OutOfStock: 5}, P50: 12 * time.Millisecond, P99: 345 * time.Millisecond,
	}
	const want = "20 s  4.5 visits/s, 3 under way  11 confirmed, 4 declined, 5 out of stock  2 errors  p50 12 ms, p99 345 ms  25 requests/s"
	if got := progressLine(now); got != want {
		t.Errorf("the line is\n%s, want\n%s", got, want)
	}
}
