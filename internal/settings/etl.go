package settings

import (
	"fmt"
	"time"
	_ "time/tzdata" // zones are known on machines without them
)

// ETL says how patient a load is, wherever it is asked for.
type ETL struct {
	StepTries int `name:"etl-tries" env:"MERCADO_ETL_TRIES" default:"12" help:"How often a step of a load is tried before the load has failed: with pauses of up to 30 seconds, 12 tries last about 3½ minutes."`
}

// Validate implements kong's validation hook.
func (e ETL) Validate() error {
	if e.StepTries < 1 {
		return &Error{"MERCADO_ETL_TRIES", "must be at least 1"}
	}
	return nil
}

// Freshness says how old what the warehouse has may become: with a load a day it is up to a day and the time that the
// load takes when the next one is published.
type Freshness struct {
	Warn  time.Duration `name:"etl-fresh-warn" env:"MERCADO_ETL_FRESH_WARN" default:"36h" help:"How long ago the end of the last day that is loaded may be before the doctor and /metrics warn."`
	Error time.Duration `name:"etl-fresh-error" env:"MERCADO_ETL_FRESH_ERROR" default:"60h" help:"How long ago it may be before the doctor calls it wrong, and /metrics an error."`
}

// Validate implements kong's validation hook.
func (f Freshness) Validate() error {
	if f.Warn <= 0 {
		return &Error{"MERCADO_ETL_FRESH_WARN", "must be positive"}
	}
	if f.Error < f.Warn {
		return &Error{"MERCADO_ETL_FRESH_ERROR", "must be MERCADO_ETL_FRESH_WARN or longer"}
	}
	return nil
}

// Passed are the limits that what is loaded up to an instant is older than.
func (f Freshness) Passed(until, now time.Time) (warn, failed bool) {
	age := now.Sub(until)
	return age > f.Warn, age > f.Error
}

// Daily says when the daily load starts.
type Daily struct {
	At       string        `name:"etl-daily-at" env:"MERCADO_ETL_DAILY_AT" default:"02:00" help:"When the daily load of the day before starts, hh:mm in MERCADO_ETL_TZ. On a day whose clock leaves that time out, or has it twice, it starts once, an hour later."`
	TimeZone string        `name:"etl-tz" env:"MERCADO_ETL_TZ" default:"UTC" help:"Time zone of MERCADO_ETL_DAILY_AT and of the day before: the load takes the UTC days that hold that day whole."`
	Overlap  string        `name:"etl-overlap" env:"MERCADO_ETL_OVERLAP" enum:"queue,skip" default:"queue" help:"What becomes of a daily load that is due while one is running: queue starts it afterwards, so that no day is left out; skip leaves it out (${enum})."`
	CatchUp  time.Duration `name:"etl-catch-up" env:"MERCADO_ETL_CATCH_UP" default:"168h" help:"How long after its time a daily load that was missed, because nothing ran, is still started."`
}

// Clock is when the daily load starts: the hour and the minute in a time zone.
func (d Daily) Clock() (zone *time.Location, hour, minute int, err error) {
	at, err := time.Parse("15:04", d.At)
	if err != nil {
		return nil, 0, 0, &Error{"MERCADO_ETL_DAILY_AT", fmt.Sprintf("must be hh:mm, not %q", d.At)}
	}
	zone, err = time.LoadLocation(d.TimeZone)
	if err != nil || d.TimeZone == "Local" {
		return nil, 0, 0, &Error{"MERCADO_ETL_TZ", fmt.Sprintf("must be a time zone such as Europe/Lisbon, not %q", d.TimeZone)}
	}
	return zone, at.Hour(), at.Minute(), nil
}

// Validate implements kong's validation hook.
func (d Daily) Validate() error {
	if _, _, _, err := d.Clock(); err != nil {
		return err
	}
	if d.CatchUp < time.Minute {
		return &Error{"MERCADO_ETL_CATCH_UP", "must be at least 1m"}
	}
	return nil
}

// Retention says what is kept of old loads.
type Retention struct {
	Runs     time.Duration `name:"etl-retention" env:"MERCADO_ETL_RETENTION" default:"2160h" help:"How long the files of a load are kept in the lake after its last execution has ended: so long it can be replayed. What stands in the warehouse is kept as long as it does."`
	Versions int           `name:"etl-versions" env:"MERCADO_ETL_VERSIONS" default:"30" help:"How many of the latest publishes can be rolled back, however old; all within MERCADO_ETL_RETENTION can."`
}

// Validate implements kong's validation hook.
func (r Retention) Validate() error {
	if r.Runs < 24*time.Hour {
		return &Error{"MERCADO_ETL_RETENTION", "must be at least 24h"}
	}
	if r.Versions < 1 {
		return &Error{"MERCADO_ETL_VERSIONS", "must be at least 1"}
	}
	return nil
}
