package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/runs"
)

type runList struct {
	Items      []api.ETLRun `json:"items"`
	NextCursor *string      `json:"next_cursor"`
}

func runsAt(client *apitest.Client, query string) runList {
	return apitest.Decode[runList](client.Get("/api/etl/runs" + query).Want(http.StatusOK))
}

// Nobody works on the queue here: runs are asked for, listed and cancelled.
func TestRunsAreAskedForAndListed(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	engineer := shop.As(auth.Principal{Roles: []auth.Role{auth.DataEngineer}})
	key := uuid.NewString()
	start := func(body map[string]any, headers ...string) *apitest.Answer {
		return engineer.Post("/api/etl/runs", body, headers...)
	}

	first := start(map[string]any{"from": "2026-03-01", "to": "2026-03-03"}, "Idempotency-Key", key).Want(http.StatusAccepted)
	run := apitest.Decode[api.ETLRun](first)
	if run.Interval.From != "2026-03-01" || run.Interval.To != "2026-03-03" || run.State != "running" || run.Trigger != "manual" || run.Attempt != 1 {
		t.Errorf("asked for, it is %+v", run)
	}
	if location := first.Header.Get("Location"); location != "/api/etl/runs/"+run.ID.String() {
		t.Errorf("Location is %s", location)
	}
	again := apitest.Decode[api.ETLRun](start(map[string]any{"from": "2026-03-01", "to": "2026-03-03"}, "Idempotency-Key", key).Want(http.StatusAccepted))
	if again.ID != run.ID {
		t.Errorf("the same request started %s and then %s", run.ID, again.ID)
	}
	start(map[string]any{"from": "2026-03-02"}, "Idempotency-Key", key).WantProblem(http.StatusUnprocessableEntity, "idempotency_mismatch")
	second := apitest.Decode[api.ETLRun](start(map[string]any{"from": "2026-03-01", "to": "2026-03-03"}).Want(http.StatusAccepted))
	if second.ID == run.ID || second.Attempt != 2 {
		t.Errorf("another run of the same days is %+v", second)
	}
	// A day of Lisbon begins in summer an hour before UTC's.
	summer := apitest.Decode[api.ETLRun](start(map[string]any{"from": "2026-07-01", "tz": "Europe/Lisbon"}).Want(http.StatusAccepted))
	if summer.Interval.From != "2026-06-30" || summer.Interval.To != "2026-07-02" {
		t.Errorf("a day of Lisbon is %+v", summer.Interval)
	}

	page := runsAt(engineer, "?limit=2")
	if len(page.Items) != 2 || page.Items[0].ID != summer.ID || page.Items[1].ID != second.ID || page.NextCursor == nil {
		t.Fatalf("the first page is %+v", page)
	}
	rest := runsAt(engineer, "?limit=2&cursor="+*page.NextCursor)
	if len(rest.Items) != 1 || rest.Items[0].ID != run.ID || rest.NextCursor != nil {
		t.Errorf("the second page is %+v", rest)
	}
	for query, want := range map[string]int{
		"?day=2026-03-02": 2, "?day=2026-03-03": 0, "?day=2026-06-30": 1, "?state=running": 3, "?state=failed": 0, "?state=running&day=2026-03-01": 2,
	} {
		if found := runsAt(engineer, query); len(found.Items) != want {
			t.Errorf("%s gives %d runs, want %d", query, len(found.Items), want)
		}
	}

	// The earliest that can be asked for begins in Tokyo on the day before UTC's.
	earliest := apitest.Decode[api.ETLRun](start(map[string]any{"from": runs.FirstDay, "tz": "Asia/Tokyo"}).Want(http.StatusAccepted))
	if earliest.Interval.From != "1999-12-31" || earliest.Interval.To != "2000-01-02" {
		t.Errorf("the first day in Tokyo is %+v", earliest.Interval)
	}

	path := "/api/etl/runs/" + run.ID.String()
	engineer.Post(path+"/replay", map[string]any{"from": "clean"}).WantProblem(http.StatusConflict, "run_in_progress")
	engineer.Post(path+"/cancel", nil).Want(http.StatusAccepted)
	// Its workflow is terminated, so that nobody is left to say that it has ended.
	if err := shop.Deps.Temporal.TerminateWorkflow(t.Context(), run.WorkflowID, "", "by the test"); err != nil {
		t.Fatal(err)
	}
	lost := apitest.Decode[api.ETLRun](engineer.Post(path+"/cancel", nil).Want(http.StatusAccepted))
	if lost.State != "failed" || lost.Error == nil || *lost.Error != "workflow "+run.WorkflowID+" was terminated" || lost.FinishedAt == nil {
		t.Errorf("a run whose workflow was terminated is %+v", lost)
	}
	engineer.Post(path+"/cancel", nil).WantProblem(http.StatusConflict, "run_ended")
	replayed := apitest.Decode[api.ETLRun](engineer.Post(path+"/replay", map[string]any{"from": "extract"}).Want(http.StatusAccepted))
	if replayed.ID == run.ID || replayed.Attempt != 3 || replayed.Interval != run.Interval {
		t.Errorf("a replay from extract is %+v", replayed)
	}
	// That a replay is asked for is enough: the record changes when it begins.
	engineer.Post(path+"/replay", map[string]any{"from": "gold"}).Want(http.StatusAccepted)
	engineer.Post(path+"/replay", map[string]any{"from": "gold"}).WantProblem(http.StatusConflict, "run_in_progress")
}

// Nobody works on the queue here: backfills are asked for, looked up and cancelled.
func TestBackfillsAreAskedFor(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	engineer := shop.As(auth.Principal{Roles: []auth.Role{auth.DataEngineer}})
	const path = "/api/etl/backfills"
	days := map[string]any{"from": "2026-01-15", "to": "2026-03-02", "parallel": 3}

	asked := engineer.Post(path, days).Want(http.StatusAccepted)
	first := apitest.Decode[api.ETLBackfill](asked)
	if first.ID != "2026-01-15_2026-03-02" || first.Interval.From != "2026-01-15" || first.Interval.To != "2026-03-02" || first.Parallel != 3 ||
		first.State != "running" || first.Progress != nil || first.FinishedAt != nil || !strings.Contains(first.Links.Workflow, "backfill%2F2026-01-15%2F2026-03-02") {
		t.Errorf("asked for, it is %+v", first)
	}
	self := path + "/" + first.ID
	if location := asked.Header.Get("Location"); location != self || first.Links.Self != self {
		t.Errorf("Location is %s", location)
	}

	// The double click, and all that it may come with.
	var clicks sync.WaitGroup
	for range 4 {
		clicks.Go(func() {
			again := apitest.Decode[api.ETLBackfill](engineer.Post(path, days).Want(http.StatusAccepted))
			if again.ID != first.ID || !again.StartedAt.Equal(first.StartedAt) {
				t.Errorf("asked for again, it is %+v", again)
			}
		})
	}
	clicks.Wait()
	days["parallel"] = 4
	if refused := engineer.Post(path, days).WantProblem(http.StatusConflict, "backfill_in_progress"); refused.Errors[0].Location != "body.parallel" {
		t.Errorf("refused with %+v", refused.Errors)
	}
	// A day of Lisbon begins in summer an hour before UTC's; other days are another backfill.
	summer := apitest.Decode[api.ETLBackfill](engineer.Post(path, map[string]any{"from": "2026-07-01", "to": "2026-08-01", "tz": "Europe/Lisbon"}).Want(http.StatusAccepted))
	if summer.ID != "2026-06-30_2026-08-01" || summer.Parallel != 2 {
		t.Errorf("a month of Lisbon is %+v", summer)
	}
	if found := apitest.Decode[api.ETLBackfill](engineer.Get(self).Want(http.StatusOK)); found.State != "running" {
		t.Errorf("it is %+v", found)
	}

	if err := shop.Deps.Temporal.TerminateWorkflow(t.Context(), shop.World.Temporal.TaskQueuePrefix+"etl/backfill/2026-01-15/2026-03-02", "", "by the test"); err != nil {
		t.Fatal(err)
	}
	lost := apitest.Decode[api.ETLBackfill](engineer.Get(self).Want(http.StatusOK))
	if lost.State != "failed" || lost.Error == nil || !strings.Contains(*lost.Error, "terminated") || lost.FinishedAt == nil {
		t.Errorf("terminated, it is %+v", lost)
	}
	engineer.Post(self+"/cancel", nil).WantProblem(http.StatusConflict, "backfill_ended")
	next := apitest.Decode[api.ETLBackfill](engineer.Post(path, days).Want(http.StatusAccepted))
	if next.State != "running" || next.Parallel != 4 || next.StartedAt.Equal(first.StartedAt) {
		t.Errorf("asked for after its end, it is %+v", next)
	}
	if cancelled := engineer.Post(self+"/cancel", nil).Want(http.StatusAccepted); cancelled.Header.Get("Location") != self {
		t.Errorf("cancelled, Location is %s", cancelled.Header.Get("Location"))
	}

	for body, location := range map[string]string{
		`{"from":"2026-03-02","to":"2026-03-02"}`: "body.to", `{"from":"2026-03-02","to":"2026-03-01"}`: "body.to",
		`{"from":"2026-03-01","to":"2062-03-01"}`: "body.to", `{"from":"0226-03-01","to":"2026-03-02"}`: "body.from",
		`{"from":"1999-12-31","to":"2000-01-02"}`: "body.from", `{"from":"2026-03-01","to":"2026-03-02","tz":"Atlantis"}`: "body.tz",
	} {
		refused := engineer.Post(path, body).WantProblem(http.StatusUnprocessableEntity, "invalid_range")
		if len(refused.Errors) != 1 || refused.Errors[0].Location != location {
			t.Errorf("%s: %+v", body, refused.Errors)
		}
	}
	for _, body := range []string{
		`{}`, `{"from":"2026-03-01"}`, `{"to":"2026-03-01"}`, `{"from":"2026-02-30","to":"2026-03-02"}`,
		`{"from":"2026-03-01","to":"2026-03-02","parallel":0}`, `{"from":"2026-03-01","to":"2026-03-02","parallel":17}`,
		`{"from":"2026-03-01","to":"2026-03-02","parallel":"all"}`,
	} {
		engineer.Post(path, body).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	for _, id := range []string{"2025-01-01_2025-02-01", "2025-02-01_2025-01-01", "2025-01-01", "lunch", "2025-01-01_2025-13-01"} {
		engineer.Get(path+"/"+id).WantProblem(http.StatusNotFound, "not_found")
		engineer.Post(path+"/"+id+"/cancel", nil).WantProblem(http.StatusNotFound, "not_found")
	}
}

func TestBadInputAboutRuns(t *testing.T) {
	t.Parallel()
	shop := apitest.New(t)
	admin := shop.Admin()
	for body, location := range map[string]string{
		`{"to":"2026-03-01"}`: "body.to", `{"from":"2026-03-02","to":"2026-03-02"}`: "body.to", `{"from":"2026-03-02","to":"2026-03-01"}`: "body.to",
		`{"from":"2062-11-21"}`: "body.from", `{"from":"2026-03-01","to":"2062-03-01"}`: "body.to",
		`{"from":"0226-03-01","to":"2026-03-02"}`: "body.from", `{"from":"1999-12-31"}`: "body.from",
		`{"tz":"Atlantis"}`: "body.tz", `{"tz":"Local"}`: "body.tz", `{"tz":"../etc"}`: "body.tz",
	} {
		refused := admin.Post("/api/etl/runs", body).WantProblem(http.StatusUnprocessableEntity, "invalid_range")
		if len(refused.Errors) != 1 || refused.Errors[0].Location != location {
			t.Errorf("%s: %+v", body, refused.Errors)
		}
	}
	for _, body := range []string{`{"from":"2026-13-01"}`, `{"from":"yesterday"}`, `{"from":7}`} {
		admin.Post("/api/etl/runs", body).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	}
	unknown := "/api/etl/runs/" + uuid.NewString()
	admin.Get(unknown).WantProblem(http.StatusNotFound, "not_found")
	admin.Post(unknown+"/cancel", nil).WantProblem(http.StatusNotFound, "not_found")
	admin.Post(unknown+"/rollback", map[string]any{}).WantProblem(http.StatusNotFound, "not_found")
	admin.Post(unknown+"/replay", map[string]any{"from": "clean"}).WantProblem(http.StatusNotFound, "not_found")
	admin.Post(unknown+"/replay", map[string]any{"from": "lunch"}).WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	admin.Get("/api/etl/runs?day=2026-02-30").WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	admin.Get("/api/etl/runs?state=lost").WantProblem(http.StatusUnprocessableEntity, "validation_failed")
	admin.Get("/api/etl/runs?cursor=x").WantProblem(http.StatusUnprocessableEntity, "invalid_cursor")
	if found := runsAt(admin, ""); len(found.Items) != 0 {
		t.Errorf("refused requests left %+v", found.Items)
	}
}
