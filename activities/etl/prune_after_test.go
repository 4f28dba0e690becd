package etl_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"

	"mercado/activities/etl"
	"mercado/api"
	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/lake"
	"mercado/workflows"
)

// keepsWhatOnlyAHistoryNames prunes once nothing that a run has published stands any more or can be put back, and
// another that has read of it is kept: that makes the same bytes of it again. Its publish is undone.
func (p *pipeline) keepsWhatOnlyAHistoryNames(want map[place]int64, gone, reader etl.Run, made map[string]string) {
	p.t.Helper()
	p.want("select count(*) from warehouse.kept_versions where run_id = '"+gone.ID.String()+"'", "0")
	named := 0
	for object := range want {
		if strings.Contains(object.key, "run="+gone.ID.String()+"/") {
			named++
		}
	}
	if named == 0 {
		p.t.Error("no history names anything of what is gone")
	}
	p.pruned(p.startPrune(false))
	p.wantLeft(want)
	remade, err := p.replay(reader, etl.Gold)
	if err != nil {
		p.t.Fatal(err)
	}
	if !maps.Equal(p.gold(remade), made) {
		p.t.Errorf("done again it made %v, want %v", p.gold(remade), made)
	}
	if _, err := p.rollback(nil, false); err != nil {
		p.t.Fatal(err)
	}
}

// tellsItIsPruned asks for an old run, which tells that its files are gone, and is not done again.
func (p *pipeline) tellsItIsPruned(run etl.Run) {
	p.t.Helper()
	shop := apitest.On(p.t, p.world)
	engineer := shop.As(auth.Principal{Roles: []auth.Role{auth.DataEngineer}})
	path := "/api/etl/runs/" + run.ID.String()
	if shown := apitest.Decode[api.ETLRun](engineer.Get(path).Want(http.StatusOK)); shown.PrunedAt == nil {
		p.t.Errorf("the API shows %+v", shown)
	}
	engineer.Post(path+"/replay", map[string]any{"from": "gold"}).WantProblem(http.StatusConflict, "run_pruned")
	if stdout, _, code := p.ran("etl", "status", run.ID.String()); code != 0 || !strings.Contains(stdout, "cannot be replayed") {
		p.t.Errorf("etl status: code %d, printed %s", code, stdout)
	}
	if _, err := p.replay(run, etl.Gold); err == nil || !strings.Contains(err.Error(), "older than is kept") {
		p.t.Errorf("a workflow that was started all the same ended with %v", err)
	}
}

// pruneByCommand asks for a run whose files are gone, and prunes when there is nothing left to remove.
func (p *pipeline) pruneByCommand(old etl.Run) {
	p.t.Helper()
	again := fmt.Sprintf("mercado etl run --from %s --to %s", old.Interval.From, old.Interval.To)
	if _, stderr, code := p.ran("etl", "replay", old.ID.String(), "--from", "publish"); code != 1 || !strings.Contains(stderr, again) {
		p.t.Errorf("etl replay: code %d, said %s", code, stderr)
	}
	var told workflows.Pruned
	stdout, stderr, code := p.ran("etl", "prune", "--dry-run", "--output", "json")
	if err := json.Unmarshal([]byte(stdout), &told); err != nil || code != 0 || !told.DryRun || len(told.Zones) != len(lake.Zones) ||
		told.Zones[3].Removed.Objects != 0 || told.Zones[3].Kept.Objects == 0 {
		p.t.Errorf("etl prune: code %d, printed %s, said %s", code, stdout, stderr)
	}
	if stdout, stderr, code := p.ran("etl", "prune"); code != 0 || !strings.Contains(stdout, "0 runs that ended before") || !strings.Contains(stdout, "OTHERS'") {
		p.t.Errorf("etl prune: code %d, printed %s, said %s", code, stdout, stderr)
	}
}

// pruneKilledAndCompleted has the worker killed that has removed what goes of zone raw, and another go on.
func (p *pipeline) pruneKilledAndCompleted() {
	p.t.Helper()
	dying, reached := p.throughHangingStore()
	killed := dying.workProcess()
	started := p.startPrune(false)
	p.eventually("zone raw is pruned, and the next has begun", reached)
	killed.kill()
	p.workProcess()
	p.pruned(started)
}

// throughHangingStore is a pipeline whose object store takes one request to remove objects, and then none.
func (p *pipeline) throughHangingStore() (_ *pipeline, reached func() bool) {
	p.t.Helper()
	target, err := url.Parse(p.world.ObjectStore.Endpoint)
	if err != nil {
		p.t.Fatal(err)
	}
	store := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is part of the signature
	}}
	over := make(chan struct{})
	var removals atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Query().Has("delete") && removals.Add(1) > 1 {
			<-over
			return
		}
		store.ServeHTTP(w, r)
	}))
	p.t.Cleanup(server.Close)
	p.t.Cleanup(func() { close(over) })
	world, through := *p.world, *p
	world.ObjectStore.Endpoint = server.URL
	through.world = &world
	return &through, func() bool { return removals.Load() > 1 }
}
