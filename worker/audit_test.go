package worker_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

type auditRun struct {
	ID          uuid.UUID
	Trigger     string
	State       string
	Differences int64
	Error       *string
	Links       struct{ Workflow string }
	Results     []struct {
		Check       string
		Differences int64
		Found       []struct {
			SubjectID string `json:"subject_id"`
		}
	}
}

// found is the differences of a check, and whether it was made at all.
func (r *auditRun) found(check string) (differences int64, made bool) {
	for _, result := range r.Results {
		if result.Check == check {
			return result.Differences, true
		}
	}
	return 0, false
}

// askForAudit has an operator ask for an audit, and waits until it is over.
func askForAudit(t *testing.T, shop *workertest.Shop, query string) auditRun {
	t.Helper()
	answer := shop.Admin().Post("/api/admin/audit"+query, nil).Want(http.StatusAccepted)
	return auditOver(t, shop, answer.Header.Get("Location"))
}

func auditOver(t *testing.T, shop *workertest.Shop, path string) (run auditRun) {
	t.Helper()
	workertest.Await(t, "the audit to end", func() bool {
		run = apitest.Decode[auditRun](shop.Admin().Get(path).Want(http.StatusOK))
		return run.State != "running"
	})
	return run
}

// TestAuditIsAskedForAndNamesWhatDiffers asks for an audit of a shop that is well, and of one with
// a unit that nobody put on the shelf.
func TestAuditIsAskedForAndNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	look := func() auditRun { return askForAudit(t, shop, "") }
	if run := look(); run.State != "clean" || len(run.Results) < 20 {
		t.Errorf("a shop that is well: %+v", run)
	}
	shop.Exec("update catalog.stock set on_hand = on_hand + 1 where product_id = $1", product)
	run := look()
	if run.State != "differences" || run.Differences != 1 {
		t.Fatalf("a unit too many: %+v", run)
	}
	for _, result := range run.Results {
		if wrong := result.Check == "stock_balances"; wrong != (result.Differences == 1) || (wrong && result.Found[0].SubjectID != "1") {
			t.Errorf("%+v", result)
		}
	}
	listed := apitest.Decode[struct{ Items []auditRun }](shop.Admin().Get("/api/admin/audit?limit=1").Want(http.StatusOK)).Items
	if len(listed) != 1 || listed[0].ID != run.ID {
		t.Errorf("the newest is %+v", listed)
	}
	shop.Admin().Get("/api/admin/audit/"+uuid.NewString()).WantProblem(http.StatusNotFound, "not_found")
}

// TestAuditsAskedForAtOnceAreOne asks many times at the same moment.
func TestAuditsAskedForAtOnceAreOne(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	// Until the test lets go, no audit ends: none can begin where all find none running.
	held, err := shop.Deps.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback(context.Background()) }()
	if _, err := held.Exec(t.Context(), "lock table audit.results in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	started := make([]auditRun, 8)
	var asking sync.WaitGroup
	for i := range started {
		asking.Go(func() {
			started[i] = apitest.Decode[auditRun](shop.Admin().Post("/api/admin/audit", nil).Want(http.StatusAccepted))
		})
	}
	asking.Wait()
	for _, run := range started {
		if run.ID != started[0].ID || run.State != "running" || !strings.HasSuffix(run.Links.Workflow, run.ID.String()) {
			t.Errorf("asked at once: %+v and %+v", started[0], run)
		}
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if run := auditOver(t, shop, "/api/admin/audit/"+started[0].ID.String()); run.State != "clean" {
		t.Errorf("it ended as %+v", run)
	}
	if next := askForAudit(t, shop, ""); next.ID == started[0].ID {
		t.Error("the next is the one before")
	}
}

// TestAuditThatHasDiedIsNotWaitedFor has one that runs for an hour: who asks gets another, and until then that one.
func TestAuditThatHasDiedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	dead := uuid.Must(uuid.NewV7())
	shop.Exec("insert into audit.runs (id, trigger, state, started_at) values ($1, 'manual', 'running', now() - interval '59 minutes')", dead)
	if joined := apitest.Decode[auditRun](shop.Admin().Post("/api/admin/audit", nil).Want(http.StatusAccepted)); joined.ID != dead {
		t.Errorf("one was begun beside the one that runs: %+v", joined)
	}
	shop.Exec("update audit.runs set started_at = now() - interval '61 minutes' where id = $1", dead)
	if run := askForAudit(t, shop, ""); run.ID == dead || run.State != "clean" {
		t.Errorf("it was answered %+v", run)
	}
}

// TestScheduledAuditAsksTheProviderAndTellsMetrics has the schedule come due in a shop that is well, and
// in one whose provider has a cent more than the books, and whose parcel is too long on its way.
func TestScheduledAuditAsksTheProviderAndTellsMetrics(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t, workertest.LostWebhooks(), workertest.TrackEvery(time.Hour))
	product := shop.NewProducts(1, 10)[0]
	_, sold := buy(shop, "approve", 1, product)
	shop.AwaitStatus(sold, order.Shipped)
	wantMetrics(t, shop, `mercado_stuck{kind="delivery"} 0`)
	if metrics := metricsOf(t, shop); strings.Contains(metrics, "mercado_audit_") {
		t.Errorf("before the first audit: %s", metrics)
	}
	due := func(before int) auditRun {
		t.Helper()
		schedule := shop.Deps.Temporal.ScheduleClient().GetHandle(t.Context(), shop.World.Temporal.TaskQueuePrefix+"audit")
		workertest.Await(t, "the schedule to be made, and to come due", func() bool {
			// The workflow of the audit before may be about to end.
			return schedule.Trigger(t.Context(), client.ScheduleTriggerOptions{Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE}) == nil
		})
		var found []auditRun
		workertest.Await(t, "the scheduled audit", func() bool {
			found = apitest.Decode[struct{ Items []auditRun }](shop.Admin().Get("/api/admin/audit").Want(http.StatusOK)).Items
			return len(found) > before
		})
		return auditOver(t, shop, "/api/admin/audit/"+found[0].ID.String())
	}
	clean := due(0)
	differences, asked := clean.found("provider_agrees")
	if clean.Trigger != "schedule" || clean.State != "clean" || differences != 0 || !asked || !strings.Contains(clean.Links.Workflow, "audit") {
		t.Errorf("a shop that is well: %+v", clean)
	}
	wantMetrics(t, shop, `mercado_audit_made 1`, `mercado_audit_finished_timestamp_seconds `, `mercado_stuck{kind="delivery"} 0`,
		`mercado_audit_differences{check="provider_agrees",severity="error"} 0`, `mercado_audit_differences{check="stock_balances",severity="error"} 0`)

	shop.Exec("update catalog.stock set on_hand = on_hand + 1 where product_id = $1", product)
	shop.Exec("update ordering.payments set captured_amount = captured_amount - 0.01 where order_id = $1", sold)
	shop.Exec("update ordering.shipments set shipped_at = shipped_at - interval '60 days', packed_at = packed_at - interval '60 days' where order_id = $1", sold)
	planted := due(1)
	if differences, _ := planted.found("provider_agrees"); planted.State != "differences" || differences != 1 {
		t.Errorf("the provider has a cent more: %+v", planted)
	}
	wantMetrics(t, shop, `mercado_audit_made 1`, `mercado_stuck{kind="delivery"} 1`, `mercado_audit_differences{check="stock_balances",severity="error"} 1`,
		`mercado_audit_differences{check="provider_agrees",severity="error"} 1`, `mercado_audit_differences{check="within_limits",severity="error"} 1`)
}

// TestAuditAsksTheProviderWhenAskedTo compares what is told with and without.
func TestAuditAsksTheProviderWhenAskedTo(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	for query, want := range map[string]bool{"": false, "?provider=false": false, "?provider=true": true} {
		run := askForAudit(t, shop, query)
		if _, asked := run.found("provider_agrees"); asked != want || run.State != "clean" {
			t.Errorf("%q: %+v", query, run)
		}
	}
}

func metricsOf(t *testing.T, shop *workertest.Shop) string {
	t.Helper()
	response, err := http.Get("http://" + shop.WorkerAddr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return string(text)
}

// wantMetrics waits for a scrape with all of the lines: one leaves out what Postgres does not tell in time.
func wantMetrics(t *testing.T, shop *workertest.Shop, lines ...string) {
	t.Helper()
	var metrics string
	lacks := func(line string) bool { return !strings.Contains(metrics, "\n"+line) }
	defer func() {
		if slices.ContainsFunc(lines, lacks) {
			t.Log(metrics)
		}
	}()
	workertest.Await(t, "the metrics to tell "+strings.Join(lines, ", "), func() bool {
		metrics = metricsOf(t, shop)
		return !slices.ContainsFunc(lines, lacks)
	})
}
