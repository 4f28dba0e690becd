package etl_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"mercado/activities/etl"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/temporal"
	"mercado/worker"
	"mercado/workflows"
)

// daily is a schedule at the time of day of an instant, in UTC.
func daily(at time.Time) settings.Daily {
	return settings.Daily{At: at.UTC().Format("15:04"), TimeZone: "UTC", Overlap: "queue", CatchUp: time.Hour}
}

// retention is what everybody keeps who says nothing else.
var retention = settings.Retention{Runs: 90 * 24 * time.Hour, Versions: 30}

func TestScheduleLoadsTheDayBeforeItsTime(t *testing.T) {
	t.Parallel()
	p := setup(t)
	ctx := t.Context()
	later := time.Now().UTC().Add(12 * time.Hour) // neither comes due while the test runs
	for _, at := range []time.Time{later.Add(-time.Hour), later} {
		if err := worker.EnsureSchedules(ctx, p.temporal, p.world.Temporal, daily(at), retention, tries); err != nil {
			t.Fatal(err)
		}
	}
	schedule := p.temporal.ScheduleClient().GetHandle(ctx, p.world.Temporal.TaskQueuePrefix+"daily-etl")
	t.Cleanup(func() { _ = schedule.Delete(context.Background()) })
	description, err := schedule.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if calendar := description.Schedule.Spec.Calendars[0]; calendar.Hour[0].Start != later.Hour() || calendar.Minute[0].Start != later.Minute() {
		t.Errorf("the schedule was not moved to %s: %+v", later, calendar)
	}

	// A day long past is asked for: what counts is when the schedule would have started.
	if err := schedule.Backfill(ctx, client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
		Start: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
	}}}); err != nil {
		t.Fatal(err)
	}
	p.eventually("the load has ended", func() bool {
		return p.text("select count(*) from etl.runs where state <> 'running'") == "1"
	})
	p.want("select interval_from || ' ' || interval_to || ' ' || trigger || ' ' || state from etl.runs",
		"2026-03-01 2026-03-02 schedule succeeded")
	p.want("select 'etl/' || id = workflow_id from etl.runs", "true")
}

func TestDailyLoadIsThereOnceADayWhateverTheClocksDo(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	c, err := temporal.Dial(t.Context(), world.Temporal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for zone, at := range map[string]string{
		"UTC": "02:00", "Europe/Lisbon": "01:30", "America/New_York": "02:30", "Africa/Cairo": "00:00", "Australia/Lord_Howe": "02:15",
		"Atlantic/Azores": "00:30", "Asia/Kolkata": "23:59", "America/Nuuk": "23:30",
	} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2027, 1, 1, 0, 0, 0, 0, location)
		options, err := workflows.DailySchedule(world.Temporal.TaskQueuePrefix+"clocks-of-"+zone, "nobody's",
			settings.Daily{At: at, TimeZone: zone, Overlap: "queue", CatchUp: time.Hour}, 1, from)
		if err != nil {
			t.Fatal(err)
		}
		options.Paused = true
		schedule, err := c.ScheduleClient().Create(t.Context(), options)
		if err != nil {
			t.Fatalf("%s: %v", zone, err)
		}
		t.Cleanup(func() { _ = schedule.Delete(context.Background()) })
		starts, err := c.WorkflowService().ListScheduleMatchingTimes(t.Context(), &workflowservice.ListScheduleMatchingTimesRequest{
			Namespace: world.Temporal.Namespace, ScheduleId: options.ID,
			StartTime: timestamppb.New(from.Add(-time.Second)), EndTime: timestamppb.New(from.AddDate(2, 0, 0).Add(-time.Second)),
		})
		if err != nil {
			t.Fatalf("%s: %v", zone, err)
		}
		day, others := from.Add(12*time.Hour), 0 // every day has a noon
		for _, start := range starts.GetStartTime() {
			local := start.AsTime().In(location)
			if local.Format(time.DateOnly) != day.Format(time.DateOnly) {
				t.Fatalf("%s: the start of %s is at %s", zone, day.Format(time.DateOnly), local)
			}
			if local.Format("15:04") != at {
				others++
			}
			day = day.AddDate(0, 0, 1)
		}
		if day.Format(time.DateOnly) != "2029-01-01" {
			t.Errorf("%s: the last start is on the day before %s", zone, day)
		}
		if changes := zone != "UTC" && zone != "Asia/Kolkata"; changes != (others > 0) || others > 4 {
			t.Errorf("%s: %d starts are at another time than %s", zone, others, at)
		}
	}
}

func TestDayBeforeIsHeldWhole(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 7, 2, 3, 0, 0, 0, time.UTC)
	for zone, want := range map[string]lake.Span{
		"UTC":              span(t, "2026-07-01", "2026-07-02"),
		"":                 span(t, "2026-07-01", "2026-07-02"),
		"Europe/Lisbon":    span(t, "2026-06-30", "2026-07-02"), // an hour before UTC's
		"America/New_York": span(t, "2026-06-30", "2026-07-02"), // still the first of July there
		"Asia/Tokyo":       span(t, "2026-06-30", "2026-07-02"),
	} {
		if got := etl.DayBefore(at, zone); got != want {
			t.Errorf("%s: %s to %s, want %s to %s", zone, got.From, got.To, want.From, want.To)
		}
	}
}
