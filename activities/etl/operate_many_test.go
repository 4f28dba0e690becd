package etl_test

import (
	"net/http"
	"strings"

	"mercado/api"
	"mercado/api/apitest"
)

const etlRunsPath, etlBackfillsPath = "/api/etl/runs", "/api/etl/backfills"

// runAt is a run as the API shows it.
func runAt(client *apitest.Client, id string) api.ETLRun {
	return apitest.Decode[api.ETLRun](client.Get(etlRunsPath + "/" + id).Want(http.StatusOK))
}

// rolledBack undoes by the API what a second load has published, is refused what cannot be undone, and compares
// with the command.
func (p *pipeline) rolledBack(engineer *apitest.Client, first string) {
	t := p.t
	ended := func(id, state string) {
		p.eventually("run "+id+" is "+state, func() bool { return runAt(engineer, id).State == state })
	}
	rollback := func(id string, body map[string]any) *apitest.Answer {
		return engineer.Post(etlRunsPath+"/"+id+"/rollback", body)
	}
	refused := func(id, why string) {
		t.Helper()
		var answer *apitest.Answer
		p.eventually("the rollback of "+id+" is refused", func() bool { // a slow worker says so after the answer is given
			answer = rollback(id, map[string]any{})
			return strings.Contains(string(answer.Body), "run_not_rolled_back")
		})
		said := answer.WantProblem(http.StatusConflict, "run_not_rolled_back")
		if len(said.Errors) != 1 || said.Errors[0].Location != "path.id" || !strings.Contains(said.Errors[0].Message, why) {
			t.Errorf("the rollback of %s is refused with %+v, not because %s", id, said.Errors, why)
		}
	}
	one := p.standing()
	p.exec("select fixture.place('2026-03-02', 4)")
	second := apitest.Decode[api.ETLRun](engineer.Post(etlRunsPath, map[string]any{"from": "2026-03-02"}).Want(http.StatusAccepted)).ID.String()
	ended(second, "succeeded")
	two := p.standing()
	made := func(run string) { // says the catalogue
		t.Helper()
		if load := lastLoadOf(engineer, "warehouse.sales"); load == nil || load.RunID != run || load.Rows == 0 {
			t.Errorf("the last load of sales is %+v, want that of %s", load, run)
		}
	}
	made(second)
	refused(first, second+" has published since")
	p.wantStanding(two)

	// While it is under way, the run is, and there is no other.
	release := p.hold()
	asked := rollback(second, map[string]any{}).Want(http.StatusAccepted)
	if location := asked.Header.Get("Location"); location != etlRunsPath+"/"+second {
		t.Errorf("Location is %s", location)
	}
	ended(second, "running")
	rollback(second, map[string]any{}).WantProblem(http.StatusConflict, "run_in_progress")
	rollback(first, map[string]any{"with_newer": true}).WantProblem(http.StatusConflict, "run_in_progress")
	engineer.Post(etlRunsPath+"/"+second+"/replay", map[string]any{"from": "gold"}).WantProblem(http.StatusConflict, "run_in_progress")
	release()
	ended(second, "rolled_back")
	p.wantStanding(one)
	made(first)
	refused(second, "nothing that run "+second+" has published stands")

	// The command does the same.
	replay := func() {
		t.Helper()
		engineer.Post(etlRunsPath+"/"+second+"/replay", map[string]any{"from": "gold"}).Want(http.StatusAccepted)
		ended(second, "succeeded")
		p.wantStanding(two, "versions") // of which the time is another
		made(second)
	}
	replay()
	if stdout, stderr, code := p.ran("etl", "rollback", second); code != 0 || stdout != second+" rolled_back" {
		t.Errorf("etl rollback: code %d, printed %s, said %s", code, stdout, stderr)
	}
	p.wantStanding(one)
	replay()
	rollback(first, map[string]any{"with_newer": true}).Want(http.StatusAccepted)
	ended(first, "rolled_back")
	ended(second, "rolled_back")
	p.want("select count(*) from warehouse.sales", "0")
	if load := lastLoadOf(engineer, "warehouse.sales"); load != nil {
		t.Errorf("all is undone, and the last load of sales is %+v", load)
	}
	refused(first, "nothing that has been published stands")
}

// backfilled loads two months by the API, and cancels a backfill.
func (p *pipeline) backfilled(engineer *apitest.Client) {
	t := p.t
	told := func(id string) api.ETLBackfill {
		return apitest.Decode[api.ETLBackfill](engineer.Get(etlBackfillsPath + "/" + id).Want(http.StatusOK))
	}
	inFull := func(id string) (all api.ETLBackfill) { // progress is left out when the worker takes its time to tell it
		p.eventually("the worker tells how far backfill "+id+" is", func() bool {
			all = told(id)
			return all.Progress != nil
		})
		return all
	}
	ended := func(id, state string) {
		p.eventually("backfill "+id+" is "+state, func() bool { return told(id).State == state })
	}
	engineer.Post(etlBackfillsPath, map[string]any{"from": "2026-02-28", "to": "2026-03-03"}).Want(http.StatusAccepted)
	const both = "2026-02-28_2026-03-03"
	ended(both, "succeeded")
	done := inFull(both)
	if done.Error != nil || done.FinishedAt == nil || len(done.Progress.Months) != 2 {
		t.Fatalf("the backfill is %+v", done)
	}
	for i, month := range done.Progress.Months {
		run := runAt(engineer, month.RunID.String())
		if month.Note != nil || run.Note != nil {
			t.Errorf("of month %d is told %v, of its run %v", i, month.Note, run.Note)
		}
		if month.State != "succeeded" || run.State != "succeeded" || run.Trigger != "backfill" || run.Interval != month.Interval || run.Scope != []string{"facts", "all"}[i] {
			t.Errorf("month %d of the backfill is %+v, its run %+v", i, month, run)
		}
	}
	p.same(warehouseRevenue, shopRevenue)

	release := p.hold()
	engineer.Post(etlBackfillsPath, map[string]any{"from": "2026-03-01", "to": "2026-03-02", "parallel": 1}).Want(http.StatusAccepted)
	const day = "2026-03-01_2026-03-02"
	p.awaitHeld()
	running := inFull(day)
	if running.State != "running" || len(running.Progress.Months) != 1 || running.Progress.Months[0].State != "running" {
		t.Errorf("under way, the backfill is %+v", running)
	}
	engineer.Post(etlBackfillsPath+"/"+day+"/cancel", nil).Want(http.StatusAccepted)
	ended(day, "cancelled")
	release()
	if run := runAt(engineer, running.Progress.Months[0].RunID.String()); run.State != "cancelled" {
		t.Errorf("the run of the backfill that was cancelled is %s", run.State)
	}
	p.same(warehouseRevenue, shopRevenue)
}
