package etl_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/runs"
)

// TestOperatorsFollowALoad walks through what an operator does by the API and on the command line: a
// load is asked for, watched, looked into, done again and ended.
func TestOperatorsFollowALoad(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	p.exec("alter table identity.customers drop constraint customers_email_check")
	p.exec("update identity.customers set email = 'no address of Ana' where id = 19")
	p.exec("update identity.customers set first_name = ' ' where id = 20")
	shop := apitest.On(t, p.world)
	engineer := shop.As(auth.Principal{Roles: []auth.Role{auth.DataEngineer}})
	p.workProcess()

	run := apitest.Decode[api.ETLRun](engineer.Post("/api/etl/runs", map[string]any{"from": "2026-03-01"}).Want(http.StatusAccepted))
	stdout, stderr, code := p.ran("etl", "status", "--watch", run.ID.String())
	if code != 0 || !strings.HasSuffix(stdout, run.ID.String()+" succeeded") {
		t.Fatalf("watch: code %d, printed %q, said %s", code, stdout, stderr)
	}
	for _, line := range []string{"extract succeeded in", "clean customers succeeded in", "publish succeeded in"} {
		if strings.Count(stdout, line) != 1 {
			t.Errorf("watch does not tell once that %s: %s", line, stdout)
		}
	}
	run = apitest.Decode[api.ETLRun](engineer.Get("/api/etl/runs/" + run.ID.String()).Want(http.StatusOK))
	if run.State != "succeeded" || len(run.Steps) < 30 || run.FinishedAt == nil || !strings.HasSuffix(run.Links.Workflow, "/etl%2F"+run.ID.String()) {
		t.Errorf("the run that succeeded is %+v", run)
	}
	p.same(warehouseRevenue, shopRevenue)
	again := apitest.Decode[api.ETLRun](engineer.Post("/api/etl/runs/"+run.ID.String()+"/replay", map[string]any{"from": "gold"}).Want(http.StatusAccepted))
	if again.ID != run.ID {
		t.Errorf("replayed, it is %+v", again)
	}
	p.eventually("the replay has begun", func() bool { return runAt(engineer, run.ID.String()).Execution == 2 })
	if stdout, stderr, code := p.ran("etl", "status", "--watch", "--output", "json"); code != 0 || !json.Valid([]byte(stdout)) ||
		!strings.Contains(stderr, "publish skipped") {
		t.Errorf("watch the latest: code %d, printed %s, said %s", code, stdout, stderr)
	}

	p.catalogued(shop, run.ID.String())
	p.cataloguedDuringAReplay(engineer, run.ID.String())
	p.quarantined(shop, run.ID.String())
	p.rolledBack(engineer, run.ID.String())
	p.backfilled(engineer)
	p.schedules(engineer)
	p.lost(engineer)
	p.halfErased(engineer)
}

// quarantined looks at the two customers whose rows are broken.
func (p *pipeline) quarantined(shop *apitest.Shop, run string) {
	t := p.t
	type list struct {
		Items      []runs.QuarantinedRow `json:"items"`
		NextCursor *string               `json:"next_cursor"`
	}
	ask := func(client *apitest.Client, query string) list {
		return apitest.Decode[list](client.Get("/api/etl/quarantine" + query).Want(http.StatusOK))
	}
	engineer := shop.As(auth.Principal{Roles: []auth.Role{auth.DataEngineer}})
	all := ask(shop.Admin(), "?run="+run)
	if len(all.Items) != 2 {
		t.Fatalf("in quarantine are %+v", all.Items)
	}
	first, second := all.Items[0], all.Items[1]
	if first.Table != "customers" || first.Row["id"] != 19.0 || first.Row["email"] != "no address of ana" || len(first.Hidden) != 0 ||
		len(first.Rules) != 1 || first.Rules[0].Rule != "email_valid" || !strings.Contains(first.Rules[0].Condition, "regexp_full_match(email") {
		t.Errorf("the customer without an address is %+v", first)
	}
	if second.Row["id"] != 20.0 || second.Rules[0].Rule != "name_present" {
		t.Errorf("the customer without a name is %+v", second)
	}
	page := ask(shop.Admin(), "?limit=1")
	if len(page.Items) != 1 || page.NextCursor == nil {
		t.Fatalf("the first page is %+v", page)
	}
	if rest := ask(shop.Admin(), "?limit=1&cursor="+*page.NextCursor); len(rest.Items) != 1 || rest.Items[0].Row["id"] != 20.0 || rest.NextCursor != nil {
		t.Errorf("the second page is %+v", rest)
	}
	for query, want := range map[string]int{
		"?table=customers": 2, "?table=orders": 0, "?rule=name_present": 1, "?rule=lunch": 0, "?day=2026-03-01": 2, "?day=2026-03-02": 0,
		"?table=customers&rule=email_valid&run=" + run: 1,
	} {
		if found := ask(engineer, query); len(found.Items) != want {
			t.Errorf("%s gives %d rows, want %d", query, len(found.Items), want)
		}
	}
	hidden := ask(engineer, "?rule=email_valid").Items[0]
	if hidden.Row["email"] != nil || hidden.Row["first_name"] != nil || hidden.Row["id"] != 19.0 ||
		strings.Join(hidden.Hidden, " ") != "birth_date email first_name last_name phone" {
		t.Errorf("whoever may not read customers sees %+v", hidden)
	}
	for _, role := range []auth.Role{auth.DataScientist, auth.BIAnalyst, auth.Customer} {
		shop.As(auth.Principal{Roles: []auth.Role{role}, CustomerID: 1}).Get("/api/etl/quarantine").WantProblem(http.StatusForbidden, "forbidden")
	}
	stdout, stderr, code := p.ran("etl", "quarantine", "--rule", "name_present")
	if code != 0 || !strings.Contains(stdout, "name_present") || !strings.Contains(stdout, `"id":20`) || strings.Contains(stdout, "email_valid") {
		t.Errorf("etl quarantine: code %d, printed %s, said %s", code, stdout, stderr)
	}
	elsewhere := p.command("etl", "quarantine", "--run", run)
	elsewhere.Env = append(elsewhere.Env, "TMPDIR="+filepath.Join(p.world.Home, "nowhere")) // nor is it there that personal data lie
	if said, err := elsewhere.CombinedOutput(); err != nil {
		t.Errorf("etl quarantine writes to the system's temporary folder: %s", said)
	}
	if _, stderr, code := p.ran("etl", "quarantine", "--table", "lunch"); code != 2 || !strings.Contains(stderr, "--table") {
		t.Errorf("etl quarantine of an unknown table: code %d, said %s", code, stderr)
	}
}

// schedules pauses, resumes and triggers by the API and on the command line, and looks in Temporal for what has
// become of it.
func (p *pipeline) schedules(engineer *apitest.Client) {
	t := p.t
	const path = "/api/etl/schedules"
	var shown []runs.Schedule
	// When Temporal takes its time to describe them the answer is to try again.
	listed := func(what string, as func() bool) {
		t.Helper()
		p.eventually(what, func() bool {
			answer := engineer.Get(path)
			if apitest.CodeOf(answer) == "unavailable" {
				return false
			}
			shown = apitest.Decode[struct{ Items []runs.Schedule }](answer.Want(http.StatusOK)).Items
			return as()
		})
	}
	listed("the worker has made the schedules", func() bool { return len(shown) == 2 })
	engineer.Post(path+"/daily-etl/pause", map[string]any{"note": "stock-taking"}).Want(http.StatusNoContent)
	listed("the schedule is paused", func() bool { return shown[0].Paused })
	paused := shown[0]
	if !paused.Paused || paused.Note != "stock-taking" || paused.Overlap != "queue" || paused.CatchUp != 7*24*3600 || len(paused.Next) == 0 ||
		paused.TimeZone != "UTC" || paused.Workflow != "ScheduledETL" || !strings.HasPrefix(paused.Starts[0], "every day at ") {
		t.Errorf("paused, the schedule is %+v", paused)
	}
	var list struct{ Items []runs.Schedule }
	stdout, stderr, code := p.ran("etl", "schedules", "--output", "json")
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != 0 || len(list.Items) != 2 || !list.Items[0].Paused ||
		list.Items[1].ID != "prune-lake" || list.Items[1].Workflow != "ScheduledPrune" || list.Items[1].Paused || list.Items[1].Overlap != "skip" {
		t.Errorf("etl schedules: code %d, printed %s, said %s", code, stdout, stderr)
	}
	if stdout, stderr, code := p.ran("etl", "schedules", "resume", "daily-etl", "--note", "counted"); code != 0 ||
		!strings.Contains(stdout, "active") || !strings.Contains(stdout, "counted") {
		t.Errorf("etl schedules resume: code %d, printed %s, said %s", code, stdout, stderr)
	}
	known := func(id string) *client.ScheduleDescription {
		t.Helper()
		var told *client.ScheduleDescription
		p.eventually("Temporal describes "+id, func() (ok bool) {
			var err error
			told, err = p.temporal.ScheduleClient().GetHandle(t.Context(), p.world.Temporal.TaskQueuePrefix+id).Describe(t.Context())
			return err == nil
		})
		return told
	}
	isPaused := func(paused bool, note string) {
		t.Helper()
		p.eventually("Temporal has the note "+note, func() bool {
			state := known("daily-etl").Schedule.State
			return state.Paused == paused && state.Note == note
		})
	}
	isPaused(false, "counted")
	if stdout, stderr, code := p.ran("etl", "schedules", "pause", "--note", "counting again"); code != 0 ||
		!strings.Contains(stdout, "paused") || !strings.Contains(stdout, "counting again") {
		t.Errorf("etl schedules pause: code %d, printed %s, said %s", code, stdout, stderr)
	}
	isPaused(true, "counting again")
	engineer.Post(path+"/daily-etl/resume", map[string]any{"note": "all there"}).Want(http.StatusNoContent)
	listed("the schedule is resumed", func() bool { return !shown[0].Paused })
	if resumed := shown[0]; resumed.ID != "daily-etl" || resumed.Paused || resumed.Note != "all there" || len(resumed.Next) == 0 {
		t.Errorf("resumed, the schedule is %+v", resumed)
	}
	isPaused(false, "all there")

	before := p.text("select count(*) from etl.runs")
	engineer.Post(path+"/daily-etl/trigger", nil).Want(http.StatusAccepted)
	p.eventually("the triggered load is there", func() bool {
		return p.text("select count(*) from etl.runs where trigger = 'schedule' and state <> 'running'") == "1"
	})
	p.want("select count(*) - 1 from etl.runs", before)
	if stdout, stderr, code := p.ran("etl", "schedules", "trigger", "prune-lake"); code != 0 || !strings.Contains(stdout, "prune-lake") {
		t.Errorf("etl schedules trigger: code %d, printed %s, said %s", code, stdout, stderr)
	}
	p.eventually("the triggered prune has ended", func() bool {
		return p.text("select bool_and(ended_at is not null) from etl.maintenance where kind = 'retention'") == "true"
	})
	if known("prune-lake").Info.NumActions == 0 {
		t.Error("Temporal knows of no start by prune-lake")
	}
	engineer.Post(path+"/weekly/pause", map[string]any{}).WantProblem(http.StatusNotFound, "not_found")
	if _, stderr, code := p.ran("etl", "schedules", "trigger", "weekly"); code != 1 || !strings.Contains(stderr, "no such schedule") {
		t.Errorf("etl schedules trigger of an unknown one: code %d, said %s", code, stderr)
	}
}

// lost terminates the workflow of a load: it is shown as failed without anybody asking for a replay.
func (p *pipeline) lost(engineer *apitest.Client) {
	t := p.t
	release := p.hold()
	run := apitest.Decode[api.ETLRun](engineer.Post("/api/etl/runs", map[string]any{"from": "2026-03-01"}).Want(http.StatusAccepted))
	p.awaitHeld()
	p.wantFound("ExecutionStatus = 'Running' and EtlStep = 'stage'", run.WorkflowID)
	if err := p.temporal.TerminateWorkflow(t.Context(), run.WorkflowID, "", "an operator's mistake"); err != nil {
		t.Fatal(err)
	}
	release()
	stdout, stderr, code := p.ran("etl", "status", "--watch", run.ID.String())
	if code != 1 || !strings.HasSuffix(stdout, run.ID.String()+" failed") || !strings.Contains(stderr, "was terminated") {
		t.Errorf("watch what was terminated: code %d, printed %s, said %s", code, stdout, stderr)
	}
	var found store.Run
	engineer.Get("/api/etl/runs/" + run.ID.String()).Want(http.StatusOK).Into(&found)
	if found.State != "failed" || found.Error == nil || !strings.Contains(*found.Error, "was terminated") {
		t.Errorf("a run whose workflow was terminated is %+v", found)
	}
	for _, step := range found.Steps {
		if step.State == "running" {
			t.Errorf("step %s of it still runs", step.Step)
		}
	}
}

// halfErased terminates an erasure when the shop has forgotten the customer and the lake has not: the worker finds it, and
// all that operators look at says so, until it was asked for again.
func (p *pipeline) halfErased(engineer *apitest.Client) {
	t := p.t
	customer := p.text("select min(c.id) from identity.customers as c where not exists (select from ordering.orders as o where o.customer_id = c.id)")
	release := p.holdLock("etl.erased_parts in access exclusive mode")
	started := p.startErase(customer)
	p.eventually("the shop has forgotten the customer", func() bool {
		return p.text("select count(*) from etl.erasures where ended_at is null") == "1"
	})
	p.terminate(started)
	p.eventually("the worker has found the erasure that nothing carries out any more", func() bool {
		found := p.maintenance(engineer)
		return len(found) == 1 && found[0].Stopped != nil && strings.Contains(*found[0].Stopped, "`mercado erase --customer "+customer+"`")
	})
	release()
	if stdout, stderr, _ := p.ran("doctor"); !strings.Contains(stdout, "nothing carries out the erasure of customer "+customer+" any more") {
		t.Errorf("doctor printed %s, said %s", stdout, stderr)
	}
	if stdout, stderr, code := p.ran("erase", "--customer", customer); code != 0 {
		t.Errorf("erased again: code %d, printed %s, said %s", code, stdout, stderr)
	}
	if left := p.maintenance(engineer); len(left) > 0 {
		t.Errorf("under way is still %+v", left)
	}
}
