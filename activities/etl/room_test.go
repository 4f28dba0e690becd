package etl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mercado/activities/etl"
	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/lake/duck"
	"mercado/internal/settings"
)

// A worker whose disk is full fails the run, names the step and says what to do; what is published
// stays as it was. A worker with room does it.
func TestRunOnAFullDiskSaysSo(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 200)")
	scratch := filepath.Join(p.world.Home, "scratch")
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	// A small disk lies over the folder.
	const small = `mount -t tmpfs -o size=8k tmpfs "$0" && exec "$1" worker`
	worker := p.workCommand(p.mounting(small, scratch, stacktest.Binary(t)))
	run := newRun(span(t, "2026-03-01", "2026-03-02"))
	_, err := p.finish(p.start(run, etl.Extract))
	if err == nil || !strings.Contains(err.Error(), "extract: ") || !strings.Contains(err.Error(), "is full, make room on it or move MERCADO_HOME") {
		t.Errorf("the run ended with %v", err)
	}
	p.want("select state from etl.runs", etl.Failed)
	p.want("select count(*) from warehouse.publications", "0")
	if snapshot, err := p.Store.Frozen(t.Context(), run.ID.String()); snapshot != nil || err != nil {
		t.Errorf("the extract froze %v, %v", snapshot, err)
	}
	worker.kill()
	p.workProcess()
	if _, err := p.finish(p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract)); err != nil {
		t.Fatal(err)
	}
	p.same(warehouseRevenue, shopRevenue)
}

// A step whose table does not fit into the memory it may have is not tried again, and says what to raise.
func TestRunThatDoesNotFitIntoMemorySaysSo(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 5)")
	steps := *p.Activities
	steps.Engine = duck.New(settings.Lake{MemoryLimit: "1MiB", Threads: 2, MaskKey: "a key"})
	p.work(&steps)
	_, err := p.finish(p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract))
	if err == nil || !strings.Contains(err.Error(), "(1MiB is not enough for it: raise MERCADO_LAKE_MEMORY)") {
		t.Errorf("the run ended with %v", err)
	}
	p.want("select distinct state || tries from etl.steps where state = 'failed'", "failed1")
	p.want("select count(*) from warehouse.publications", "0")
}

// A worker whose account may not write a bucket fails the run at once and names the object.
func TestRunWithoutPermissionSaysSo(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 5)")
	if err := devstack.EnsureRoles(t.Context(), p.world.ObjectStore); err != nil {
		t.Fatal(err)
	}
	mine := p.world.ObjectStore
	mine.AccessKey, mine.SecretKey = lake.Account(mine, "bi_analyst")
	steps := *p.Activities
	var err error
	if steps.Store, err = lake.Open(mine); err != nil {
		t.Fatal(err)
	}
	p.work(&steps)
	_, err = p.finish(p.start(newRun(span(t, "2026-03-01", "2026-03-02")), etl.Extract))
	if err == nil || !strings.Contains(err.Error(), "extract: object "+mine.BucketPrefix+"raw/") || !strings.Contains(err.Error(), "is refused to this account: check its policy") {
		t.Errorf("the run ended with %v", err)
	}
	p.want("select state || tries from etl.steps where step = 'extract' and table_name = ''", "failed1")
	p.want("select count(*) from warehouse.publications", "0")
}
