// Package money holds amounts of money as whole minor units.
package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a sum of money in minor units (cents) of a currency kept beside it.
// Its zero value is nothing at all. It prints, scans and marshals as a decimal with two digits.
type Amount int64

// ErrOutOfRange is returned when an amount does not fit 64 bits of minor units.
var ErrOutOfRange = errors.New("amount out of range")

// Parse reads a decimal such as "12", "12.5", "12.50" or "-0.05". More than two digits after
// the point are refused rather than rounded.
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if whole == "" || (hasPoint && fraction == "") || len(fraction) > 2 {
		return 0, fmt.Errorf("amount %q: want a decimal with at most two digits", s)
	}
	for len(fraction) < 2 {
		fraction += "0"
	}
	units := whole + fraction
	if strings.Trim(units, "0123456789") != "" {
		return 0, fmt.Errorf("amount %q: want a decimal with at most two digits", s)
	}
	if negative {
		units = "-" + units
	}
	n, err := strconv.ParseInt(units, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount %q: %w", s, ErrOutOfRange)
	}
	return Amount(n), nil
}

// String gives the amount as a decimal with two digits, without currency.
func (a Amount) String() string {
	sign := ""
	units := uint64(a)
	if a < 0 {
		sign = "-"
		units = -units
	}
	return fmt.Sprintf("%s%d.%02d", sign, units/100, units%100)
}

// Times gives a × n, or ErrOutOfRange.
func (a Amount) Times(n int64) (Amount, error) {
	if a == 0 || n == 0 {
		return 0, nil
	}
	product := int64(a) * n
	if product/n != int64(a) || (n == -1 && int64(a) == math.MinInt64) {
		return 0, fmt.Errorf("%s × %d: %w", a, n, ErrOutOfRange)
	}
	return Amount(product), nil
}

// MarshalText implements encoding.TextMarshaler.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Amount) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// UnmarshalJSON reads both the string of the API and the number that Postgres writes in jsonb.
func (a *Amount) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		return a.UnmarshalText([]byte(s))
	}
	return a.UnmarshalText(data)
}
