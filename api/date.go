package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// date is a day without a time: 2006-01-02.
type date struct{ time.Time }

// Schema implements huma.SchemaProvider.
func (date) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date", Examples: []any{"1990-12-31"}}
}

// MarshalText implements encoding.TextMarshaler.
func (d date) MarshalText() ([]byte, error) { return []byte(d.Format(time.DateOnly)), nil }

// MarshalJSON is not time.Time's.
func (d date) MarshalJSON() ([]byte, error) { return []byte(d.Format(`"` + time.DateOnly + `"`)), nil }

// UnmarshalJSON is not time.Time's.
func (d *date) UnmarshalJSON(text []byte) (err error) {
	d.Time, err = time.Parse(`"`+time.DateOnly+`"`, string(text))
	return err
}

// UnmarshalText is not time.Time's; a day in a query comes this way.
func (d *date) UnmarshalText(text []byte) (err error) {
	d.Time, err = time.Parse(time.DateOnly, string(text))
	return err
}

// dateOf shows a day that may be null.
func dateOf(t *time.Time) *date {
	if t == nil {
		return nil
	}
	return &date{*t}
}

// time gives the day to the store; nil stays nil.
func (d *date) time() *time.Time {
	if d == nil {
		return nil
	}
	return &d.Time
}
