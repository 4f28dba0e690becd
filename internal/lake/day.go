package lake

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Day is a calendar day in UTC, counted from 1970-01-01.
type Day int32

// ParseDay reads a day written as 2006-01-02.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("day %q: want yyyy-mm-dd", s)
	}
	return DayOf(t), nil
}

// DayOf is the UTC day that holds t.
func DayOf(t time.Time) Day {
	seconds := t.Unix()
	day := seconds / 86400
	if seconds%86400 < 0 {
		day--
	}
	return Day(day)
}

// Time is the first instant of the day.
func (d Day) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String writes the day as 2006-01-02.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// DateID is the day's key in the warehouse: yyyymmdd.
func (d Day) DateID() int32 {
	year, month, day := d.Time().Date()
	return int32(year)*10000 + int32(month)*100 + int32(day)
}

// DayOfID is the day whose DateID is id.
func DayOfID(id int32) Day {
	return DayOf(time.Date(int(id/10000), time.Month(id/100%100), int(id%100), 0, 0, 0, 0, time.UTC))
}

// MarshalText implements encoding.TextMarshaler.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Day) UnmarshalText(text []byte) error {
	parsed, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// LastDay is later than any day of a run.
const LastDay = Day(math.MaxInt32)

// Span is the days from From, inclusive, to To, exclusive.
type Span struct {
	From Day `json:"from"`
	To   Day `json:"to"`
}

// Len counts the days of the span.
func (s Span) Len() int { return int(s.To - s.From) }

// Last is the last day of the span.
func (s Span) Last() Day { return s.To - 1 }

// Join sorts spans and unites those that overlap or touch.
func Join(spans ...Span) []Span {
	sorted := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return s.Len() <= 0 })
	slices.SortFunc(sorted, func(a, b Span) int { return int(a.From - b.From) })
	var joined []Span
	for _, span := range sorted {
		if last := len(joined) - 1; last >= 0 && span.From <= joined[last].To {
			joined[last].To = max(joined[last].To, span.To)
			continue
		}
		joined = append(joined, span)
	}
	return joined
}

// Intersect is the days of spans that lie within another.
func Intersect(spans []Span, within Span) []Span {
	var common []Span
	for _, span := range spans {
		common = append(common, Span{From: max(span.From, within.From), To: min(span.To, within.To)})
	}
	return Join(common...)
}

// Without is the days of spans that no span of others has.
func Without(spans, others []Span) []Span {
	left := Join(spans...)
	for _, other := range others {
		var cut []Span
		for _, span := range left {
			cut = append(cut, Span{From: span.From, To: min(span.To, other.From)}, Span{From: max(span.From, other.To), To: span.To})
		}
		left = Join(cut...)
	}
	return left
}

// What is kept in one folder per month instead of one per day.
const (
	mostDaysByDay    = 31  // of a run's interval: a night, a week, a month
	mostChangesByDay = 184 // of a table in one run, late changes and all: half a year
)

// Partition is one folder of a table: a day ("2026-11-20") or a month ("2026-11").
type Partition struct {
	Name string
	Span Span
}

// Monthly reports whether a run of the interval keeps a table of these days by month rather than by
// day. Late changes alone do not decide it, unless they are a correction of much history: a night touches
// days of many weeks, and a month of them would be read whole for the day or two of it that stand in the end.
func Monthly(interval Span, days []Span) bool {
	touched := 0
	for _, span := range days {
		touched += span.Len()
	}
	return interval.Len() > mostDaysByDay || touched > mostChangesByDay
}

// Partitions cuts the days of a table, in a run of the interval, into days or months. A month that
// a span enters or leaves in the middle is cut there.
func Partitions(interval Span, days []Span) []Partition {
	monthly := Monthly(interval, days)
	var partitions []Partition
	for _, span := range days {
		for from := span.From; from < span.To; {
			partition := from.Partition(monthly)
			partition.Span = Span{From: from, To: min(span.To, partition.Span.To)}
			partitions = append(partitions, partition)
			from = partition.Span.To
		}
	}
	return partitions
}

// Partition is the day, or the month that the day is in.
func (d Day) Partition(monthly bool) Partition {
	if !monthly {
		return Partition{Name: d.String(), Span: Span{From: d, To: d + 1}}
	}
	year, month, _ := d.Time().Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return Partition{Name: first.Format("2006-01"), Span: Span{From: DayOf(first), To: DayOf(first.AddDate(0, 1, 0))}}
}
