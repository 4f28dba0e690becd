package runs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mercado/runs"
)

// A load of a day to come would keep the metrics as of it, and those of the next nights out.
func TestNoDayIsLoadedBeforeItHasBegun(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		from, to, zone string
		now            time.Time
		want           string // the UTC days, or the field and what is wrong with it
	}{
		{"", "", "UTC", noon, "2026-11-22 2026-11-23"},
		{"2026-11-22", "", "UTC", noon, "2026-11-22 2026-11-23"},
		{"2026-11-20", "2026-11-23", "UTC", noon, "2026-11-20 2026-11-23"},
		{"2026-11-23", "", "UTC", noon, "from: want no day after 2026-11-22"},
		{"2026-11-22", "2026-11-24", "UTC", noon, "to: want 2026-11-23 at the latest"},
		// On the other side of the date line it is tomorrow, of which UTC has yet to begin most.
		{"", "", "Pacific/Kiritimati", noon, "2026-11-22 2026-11-23"},
		{"2026-11-23", "", "Pacific/Kiritimati", noon, "2026-11-22 2026-11-23"},
		{"2026-11-24", "", "Pacific/Kiritimati", noon, "from: want no day after 2026-11-23"},
		// Where it is still today, today ends within a UTC day that has not begun.
		{"2026-11-22", "", "Pacific/Pago_Pago", noon.Add(2 * time.Hour), "2026-11-22 2026-11-23"},
		{"2026-11-21", "", "Pacific/Pago_Pago", noon.Add(2 * time.Hour), "2026-11-21 2026-11-23"},
		{"2026-11-22", "", "Pacific/Pago_Pago", noon.Add(-2 * time.Hour), "from: want no day after 2026-11-21"},
	} {
		got := ""
		span, err := runs.Days(test.from, test.to, test.zone, test.now)
		var wrong *runs.RangeError
		switch {
		case errors.As(err, &wrong):
			got = wrong.Field + ": " + wrong.Want
		case err != nil:
			t.Fatal(err)
		default:
			got = span.From.String() + " " + span.To.String()
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%q to %q of %s at %s are %s, want %s", test.from, test.to, test.zone, test.now.Format(time.RFC3339), got, test.want)
		}
	}
}
