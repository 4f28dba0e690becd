package lake_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mercado/internal/lake"
)

func TestDayHoldsItsInstants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1e11, 1e11).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		day := lake.DayOf(at)
		if at.Before(day.Time()) || !at.Before((day + 1).Time()) {
			t.Fatalf("%s is not within %s", at.UTC(), day)
		}
		if day.Time().Year() > 999 && day.Time().Year() < 10000 {
			if parsed, err := lake.ParseDay(day.String()); err != nil || parsed != day {
				t.Fatalf("%s was read as %s, %v", day, parsed, err)
			}
		}
	})
	day, err := lake.ParseDay("2026-03-09")
	if err != nil || day.DateID() != 20260309 {
		t.Errorf("the key of %s is %d, %v", day, day.DateID(), err)
	}
	for _, text := range []string{"", "2026-3-9", "2026-02-30", "20260309", "2026-03-09T00:00:00Z"} {
		if day, err := lake.ParseDay(text); err == nil {
			t.Errorf("%q was read as %s", text, day)
		}
	}
}

// Partitions hold every day of the joined spans once, and no other.
func TestPartitionsCoverTheSpansOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var spans []lake.Span
		wanted := map[lake.Day]bool{}
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			from := lake.Day(rapid.IntRange(20000, 20200).Draw(t, "from"))
			span := lake.Span{From: from, To: from + lake.Day(rapid.IntRange(-2, 80).Draw(t, "days"))}
			spans = append(spans, span)
			for day := span.From; day < span.To; day++ {
				wanted[day] = true
			}
		}
		joined := lake.Join(spans...)
		if !slices.IsSortedFunc(joined, func(a, b lake.Span) int { return int(a.To - b.From) }) {
			t.Fatalf("%v are not apart and in order", joined)
		}
		interval := lake.Span{From: 20000, To: 20000 + lake.Day(rapid.IntRange(1, 40).Draw(t, "interval"))}
		for _, partition := range lake.Partitions(interval, joined) {
			for day := partition.Span.From; day < partition.Span.To; day++ {
				if !wanted[day] {
					t.Fatalf("%s is in two partitions or in no span", day)
				}
				delete(wanted, day)
				if format := day.Time().Format(map[bool]string{true: "2006-01", false: time.DateOnly}[lake.Monthly(interval, joined)]); format != partition.Name {
					t.Fatalf("%s is in partition %s", day, partition.Name)
				}
			}
		}
		if len(wanted) > 0 {
			t.Fatalf("days in no partition: %v", wanted)
		}
	})
}

func TestManyDaysOfAnIntervalAreMonthsAndManyLateChangesAreNot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		interval, touched lake.Day // days of them
		monthly           bool
	}{
		{1, 1, false}, {1, 40, false}, {31, 31, false}, {31, 100, false}, {32, 2, true}, {700, 700, true},
		{1, 184, false}, {1, 185, true}, // a correction of more than half a year
	} {
		touched := []lake.Span{{From: 20000, To: 20001}, {From: 20010, To: 20009 + test.touched}}
		if got := lake.Monthly(lake.Span{From: 20600, To: 20600 + test.interval}, lake.Join(touched...)); got != test.monthly {
			t.Errorf("%d days touched by a run of %d are kept by month: %t", test.touched, test.interval, got)
		}
	}
}
