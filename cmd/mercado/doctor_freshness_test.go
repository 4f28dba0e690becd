package main_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
)

// TestDoctorTellsHowOldTheWarehouseIs has what is loaded come of age.
func TestDoctorTellsHowOldTheWarehouseIs(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	db, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	found := func(begins, holds string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), stacktest.Binary(t), "doctor")
		command.Env = append(world.Env(), "MERCADO_ETL_FRESH_WARN=10h", "MERCADO_ETL_FRESH_ERROR=20h")
		output, _ := command.CombinedOutput() // other things are wrong here
		line := regexp.MustCompile(`(?m)^\S+ +freshness .*$`).FindString(string(output))
		if !strings.HasPrefix(line, begins) || !strings.Contains(line, holds) {
			t.Errorf("the doctor says %q", line)
		}
	}
	loaded := func(ago string) {
		t.Helper()
		_, err := db.Pool.Exec(t.Context(), `
			insert into etl.runs (
				id, interval_from, interval_to, attempt, execution, trigger, state, workflow_id, model_version, published_execution,
				started_at, execution_started_at, finished_at
			)
			select gen_random_uuid(), '2026-01-01', current_date + 2, count(*) + 1, 1, 'schedule', 'succeeded', 'etl', '', 1,
				now() - $1::interval, now() - $1::interval, now()
			from etl.runs`, ago)
		if err != nil {
			t.Fatal(err)
		}
	}
	found("ok", "nothing has been loaded")
	loaded("21 hours")
	found("WRONG", "21h")
	loaded("11 hours")
	found("warn", "mercado etl schedules")
	loaded("1 hour")
	found("ok", "1h")
}
