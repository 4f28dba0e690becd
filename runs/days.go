package runs

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones are known on machines without them

	"mercado/internal/lake"
)

// RangeError tells what is wrong with the days that were asked for.
type RangeError struct {
	Field string // from, to or tz
	Value string
	Want  string
}

func (e *RangeError) Error() string { return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Want) }

// FirstDay is the earliest day that can be asked for, yyyy-mm-dd: before it lies what was mistyped. Each
// table of a load has a folder for every month: 0226 in place of 2026 would make more than twenty thousand.
const FirstDay = "2000-01-01"

// Days is the UTC days that hold the days [from, to) of a time zone whole, up to the one that has begun; days are
// yyyy-mm-dd, FirstDay and later, and have begun in the zone. No days at all mean today, no second day means the first
// alone, no zone UTC. A *RangeError says which of them is wrong.
func Days(from, to, zone string, now time.Time) (lake.Span, error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return lake.Span{}, &RangeError{"tz", zone, "want a time zone such as Europe/Lisbon"}
	}
	if from == "" && to != "" {
		return lake.Span{}, &RangeError{"to", to, "needs from"}
	}
	first := now.In(location)
	if from != "" {
		if first, err = time.ParseInLocation(time.DateOnly, from, location); err != nil {
			return lake.Span{}, &RangeError{"from", from, "want a day such as 2026-11-20"}
		}
		if first.Format(time.DateOnly) < FirstDay {
			return lake.Span{}, &RangeError{"from", from, "want no day before " + FirstDay}
		}
	}
	first = time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, location)
	last := time.Date(first.Year(), first.Month(), first.Day()+1, 0, 0, 0, 0, location)
	if to != "" {
		if last, err = time.ParseInLocation(time.DateOnly, to, location); err != nil {
			return lake.Span{}, &RangeError{"to", to, "want a day such as 2026-11-21"}
		}
	}
	if !first.Before(last) {
		return lake.Span{}, &RangeError{"to", to, fmt.Sprintf("want a day after %s: it is not loaded itself", first.Format(time.DateOnly))}
	}
	// Metrics are never turned back to an earlier day: one load of a day to come would hold them there.
	today := now.In(location)
	tomorrow := time.Date(today.Year(), today.Month(), today.Day()+1, 0, 0, 0, 0, location)
	if last.After(tomorrow) {
		wrong := RangeError{"from", from, fmt.Sprintf("want no day after %s: it has not begun in %s", today.Format(time.DateOnly), location)}
		if to != "" {
			wrong = RangeError{"to", to, fmt.Sprintf("want %s at the latest: it is not loaded itself, and no later day has begun in %s", tomorrow.Format(time.DateOnly), location)}
		}
		return lake.Span{}, &wrong
	}
	span := lake.Span{From: lake.DayOf(first), To: lake.DayOf(last.Add(-time.Nanosecond)) + 1}
	span.To = min(span.To, lake.DayOf(now)+1)
	return span, nil
}
