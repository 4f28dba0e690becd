package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may be done: Count times at once, and as often again spread over
// each Per. Its zero value is no limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// Limited reports whether there is a limit at all.
func (r Rate) Limited() bool { return r.Count > 0 }

// Seconds is Per in whole seconds.
func (r Rate) Seconds() int { return int(r.Per / time.Second) }

// String writes the rate as UnmarshalText reads it.
func (r Rate) String() string {
	if !r.Limited() {
		return "none"
	}
	return fmt.Sprintf("%d/%s", r.Count, r.Per)
}

// UnmarshalText implements encoding.TextUnmarshaler: "10/15m", or "none".
func (r *Rate) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*r = Rate{}
		return nil
	}
	count, per, _ := strings.Cut(string(text), "/")
	number, err := strconv.Atoi(count)
	period, perErr := time.ParseDuration(per)
	if err != nil || perErr != nil || number < 1 || number > 1_000_000 || period < time.Second || period > 24*time.Hour {
		return fmt.Errorf("must be a number and a duration of at least 1s, as 10/15m, or none; not %q", text)
	}
	*r = Rate{Count: number, Per: period.Truncate(time.Second)}
	return nil
}
