package etl_test

import (
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
	for _, at := range []string{"02:00", "03:30"} {
		if err := worker.EnsureSchedules(ctx, p.temporal, p.world.Temporal, settings.Lake{DailyAt: at, StepTries: tries}); err != nil {
			t.Fatal(err)
		}
	}
	schedule := p.temporal.ScheduleClient().GetHandle(ctx, p.world.Temporal.TaskQueuePrefix+"daily-etl")
	t.Cleanup(func() { _ = schedule.Delete(ctx) })
	description, err := schedule.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if calendar := description.Schedule.Spec.Calendars[0]; calendar.Hour[0].Start != 3 || calendar.Minute[0].Start != 30 {
		t.Errorf("the schedule was not moved to 03:30: %+v", calendar)
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
