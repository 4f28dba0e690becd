package workflows

import (
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"mercado/internal/settings"
)

// clockYears is how far ahead of now the days are looked for whose clock leaves the time of the
// daily load out, or has it twice. Every start of a worker looks anew.
const clockYears = 5

// ETLDaily is the id of the schedule of the daily load, before the prefix of settings.Temporal.
const ETLDaily = "daily-etl"

// ETLSchedules are the ids of the schedules of the lake, before the prefix.
var ETLSchedules = []string{ETLDaily, ETLPrune}

// overlaps are the policies of settings.Daily.
var overlaps = map[string]enums.ScheduleOverlapPolicy{
	"queue": enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL,
	"skip":  enums.SCHEDULE_OVERLAP_POLICY_SKIP,
}

// DailySchedule is the schedule with that id, which loads the day before, every day. tries is how
// often a step is tried. It is one load a day, whatever the clocks do.
func DailySchedule(id, queue string, daily settings.Daily, tries int, now time.Time) (client.ScheduleOptions, error) {
	location, hour, minute, err := daily.Clock()
	if err != nil {
		return client.ScheduleOptions{}, err
	}
	return client.ScheduleOptions{
		ID:   id,
		Spec: dailySpec(location, hour, minute, "the day before, once it is over", now),
		Action: &client.ScheduleWorkflowAction{
			ID:            "etl/" + id,
			Workflow:      ScheduledETL,
			Args:          []any{tries, daily.TimeZone},
			TaskQueue:     queue,
			StaticSummary: "load the day before",
		},
		Overlap:       overlaps[daily.Overlap],
		CatchupWindow: daily.CatchUp,
	}, nil
}

// dailySpec is hour:minute of every day in a zone. Temporal would leave out a day whose clock is set
// forward over that time, and count twice one whose clock is set back over it: on those it is
// another time, that exists once. comment says what it is for.
func dailySpec(location *time.Location, hour, minute int, comment string, now time.Time) client.ScheduleSpec {
	spec := client.ScheduleSpec{
		TimeZoneName: location.String(),
		Calendars: []client.ScheduleCalendarSpec{{
			Hour: []client.ScheduleRange{{Start: hour}}, Minute: []client.ScheduleRange{{Start: minute}},
			Comment: comment,
		}},
	}
	first := now.In(location)
	for day := range clockYears * 366 {
		date := time.Date(first.Year(), first.Month(), first.Day()+day, 12, 0, 0, 0, location)
		if copies(date, hour, minute) == 1 {
			continue
		}
		// A clock that is set forward by half an hour has the hour, and Temporal takes another minute of it.
		taken := time.Date(date.Year(), date.Month(), date.Day(), hour, minute, 0, 0, location)
		spec.Skip = append(spec.Skip, on(date, hour, minute, "the clock changes"))
		if taken.Hour() == hour && taken.Minute() != minute {
			spec.Skip = append(spec.Skip, on(date, hour, taken.Minute(), "the clock changes"))
		}
		spec.Calendars = append(spec.Calendars, on(date, instead(date, hour, minute), minute,
			fmt.Sprintf("instead of %02d:%02d, when the clock changes", hour, minute)))
	}
	return spec
}

// instead is the hour nearest to one, later if there is one, at which a date has the minute once.
func instead(date time.Time, hour, minute int) int {
	for later := hour + 1; later < 24; later++ {
		if copies(date, later, minute) == 1 {
			return later
		}
	}
	for earlier := hour - 1; ; earlier-- {
		if copies(date, earlier, minute) == 1 {
			return earlier
		}
	}
}

// copies counts how often a date's clock shows hour:minute: not at all or twice when it is set
// forward or back over it.
func copies(date time.Time, hour, minute int) (count int) {
	year, month, day := date.Date()
	shown := time.Date(year, month, day, hour, minute, 0, 0, date.Location())
	for _, shift := range []time.Duration{-2 * time.Hour, -time.Hour, -30 * time.Minute, 0, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		at := shown.Add(shift)
		if at.Day() == day && at.Hour() == hour && at.Minute() == minute {
			count++
		}
	}
	return count
}

func on(date time.Time, hour, minute int, comment string) client.ScheduleCalendarSpec {
	exactly := func(value int) []client.ScheduleRange { return []client.ScheduleRange{{Start: value}} }
	year, month, day := date.Date()
	return client.ScheduleCalendarSpec{
		Year: exactly(year), Month: exactly(int(month)), DayOfMonth: exactly(day),
		Hour: exactly(hour), Minute: exactly(minute), Comment: comment,
	}
}
