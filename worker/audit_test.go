package worker_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/worker/workertest"
)

type auditRun struct {
	ID          uuid.UUID
	State       string
	Differences int64
	Results     []struct {
		Check       string
		Differences int64
		Found       []struct {
			SubjectID string `json:"subject_id"`
		}
	}
}

// TestAuditIsAskedForAndNamesWhatDiffers asks for an audit of a shop that is well, and of one with
// a unit that nobody put on the shelf.
func TestAuditIsAskedForAndNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	product := shop.NewProducts(1, 10)[0]
	look := func() auditRun {
		t.Helper()
		answer := shop.Admin().Post("/api/admin/audit", nil).Want(http.StatusAccepted)
		var run auditRun
		workertest.Await(t, "the audit to end", func() bool {
			run = apitest.Decode[auditRun](shop.Admin().Get(answer.Header.Get("Location")).Want(http.StatusOK))
			return run.State != "running"
		})
		return run
	}
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
