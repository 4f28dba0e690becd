package etl_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"mercado/internal/settings"
	"mercado/worker"
)

func TestScheduleLoadsTheDayBeforeItsTime(t *testing.T) {
	t.Parallel()
	p := setup(t)
	ctx := t.Context()
	later := time.Now().UTC().Add(12 * time.Hour) // neither comes due while the test runs
	for _, at := range []time.Time{later.Add(-time.Hour), later} {
		if err := worker.EnsureSchedules(ctx, p.temporal, p.world.Temporal, settings.Lake{DailyAt: at.Format("15:04"), StepTries: tries}); err != nil {
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
