package worker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/worker/workertest"
)

// TestLateLoadsAreToldToAlerts has runs on record that ended well, failed, and were rolled back, at different times.
func TestLateLoadsAreToldToAlerts(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	workertest.Await(t, "the worker to answer", func() bool {
		response, err := http.Get("http://" + shop.WorkerAddr + "/livez")
		return err == nil && response.Body.Close() == nil
	})
	if metrics := metricsOf(t, shop); strings.Contains(metrics, "mercado_etl_") {
		t.Errorf("before the first load: %s", metrics)
	}
	ended := func(from, to, began, state string, publishes bool) uuid.UUID {
		t.Helper()
		run := uuid.Must(uuid.NewV7())
		shop.Exec(`
			insert into etl.runs (
				id, interval_from, interval_to, attempt, execution, trigger, state, workflow_id, model_version, published_execution,
				started_at, execution_started_at, finished_at
			)
			select $1, (now() at time zone 'UTC')::date + $2::integer, (now() at time zone 'UTC')::date + $3::integer, 1, 1, 'schedule', $4::text, 'etl', '',
				case when $5::boolean then 1 end, now() - $6::interval, now() - $6::interval, now() - $6::interval + interval '1 minute'`,
			run, from, to, state, publishes, began)
		return run
	}
	freshness := func(warn, failed int, state string) {
		t.Helper()
		wantMetrics(t, shop, "mercado_etl_loaded_until_timestamp_seconds ", fmt.Sprintf(`mercado_etl_not_fresh{severity="warn"} %d`, warn),
			fmt.Sprintf(`mercado_etl_not_fresh{severity="error"} %d`, failed), fmt.Sprintf(`mercado_etl_last_run{state=%q} 1`, state))
	}

	ended("-4", "-3", "61 hours", "succeeded", true) // its days were over long before it began
	freshness(1, 1, "succeeded")
	ended("-3", "1", "59 hours", "succeeded", true) // as of its start, whatever days it was asked for
	freshness(1, 0, "succeeded")
	rolledBack := ended("-1", "1", "35 hours", "succeeded", true)
	freshness(0, 0, "succeeded")
	shop.Exec("update etl.runs set state = 'rolled_back', published_execution = null where id = $1", rolledBack)
	freshness(1, 0, "rolled_back")
	ended("-1", "0", "2 hours", "failed", false)
	freshness(1, 0, "failed")
	backfilled := ended("-300", "-270", "1 hour", "succeeded", true) // of old days
	freshness(1, 0, "succeeded")
	shop.Exec(`
		insert into etl.steps (run_id, execution, step, table_name, state, rows_rejected, finished_at)
		values ($1, 1, 'clean', 'orders', 'succeeded', 3, now()), ($1, 1, 'gold', 'sales', 'succeeded', 0, now())`, backfilled)
	wantMetrics(t, shop, `mercado_etl_quarantined_rows{table="orders"} 3`)
	if metrics := metricsOf(t, shop); strings.Contains(metrics, `{table="sales"}`) {
		t.Errorf("gold has no quarantine: %s", metrics)
	}
}
