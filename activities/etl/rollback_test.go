package etl_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/workflows"
)

// rollback undoes the latest publish, or that of a run.
func (p *pipeline) rollback(run *uuid.UUID, withNewer bool) (*workflows.RollbackResult, error) {
	p.t.Helper()
	started, err := workflows.StartRollback(p.t.Context(), p.temporal, p.queue(), workflows.RollbackInput{RunID: run, WithNewer: withNewer, Tries: tries})
	if err != nil {
		p.t.Fatal(err)
	}
	var result *workflows.RollbackResult
	return result, started.Get(p.t.Context(), &result)
}

// standing is all that the warehouse holds, what it says of it, and the mark, by table. Rows of the
// calendar are only ever added.
func (p *pipeline) standing() map[string]string {
	p.t.Helper()
	standing := map[string]string{
		"versions": p.text("select string_agg(v::text, e'\n' order by table_name, date_id) from warehouse.versions as v where table_name <> 'date'"),
		"mark":     p.text("select m::text from warehouse.mark as m"),
	}
	for _, m := range p.Models.Zone(lake.Gold) {
		if !m.Upsert {
			standing[m.Name] = p.text("select string_agg(t::text, e'\n' order by t::text) from warehouse." + m.Name + " as t")
		}
	}
	return standing
}

// wantStanding compares; but says what may differ.
func (p *pipeline) wantStanding(want map[string]string, but ...string) {
	p.t.Helper()
	got := p.standing()
	for _, name := range but {
		delete(want, name)
	}
	for name := range want {
		if got[name] != want[name] {
			p.t.Errorf("%s is\n%s\nwant\n%s", name, got[name], want[name])
		}
	}
}

func TestRollbackPutsBackWhatStood(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.measuring()
	p.work(p.Activities)
	state := func(run etl.Run) string {
		return p.text("select state from etl.runs where id = '" + run.ID.String() + "'")
	}
	published := func(want string) { // by which execution of each run, as the catalogue asks
		t.Helper()
		p.want("select string_agg(coalesce(published_execution::text, '-'), ' ' order by started_at) from etl.runs", want)
	}
	p.exec("select fixture.place('2026-02-20', 3), fixture.place('2026-03-01', 4), fixture.place('2026-03-02', 2)")
	first, _ := p.load("2026-02-01", "2026-03-10") // parts are months, of which days are put back
	one := p.standing()

	p.exec("update ordering.orders set status = 'cancelled', cancel_reason = 'late' where order_date::date = '2026-03-01' and status = 'confirmed'")
	p.exec("update catalog.products set price = 5.55, updated_at = now() where id = 1")
	p.exec("update identity.customers set city = 'Faro', updated_at = now() where id = 1")
	p.exec("select fixture.place('2026-03-10', 5)")
	second, _ := p.load("2026-03-10", "2026-03-11")
	two := p.standing()
	published("1 1")

	_, err := p.rollback(&first.ID, false)
	if err == nil || !strings.Contains(err.Error(), "is not the latest that stands: "+second.ID.String()+" has published since") {
		t.Errorf("undid what is not the latest: %v", err)
	}
	p.wantStanding(two)

	// The day that the second changed, the days that it was the first to have, and what it changed as a whole.
	undone, err := p.rollback(nil, false)
	if err != nil || undone.RunID != second.ID || len(undone.Runs) != 1 {
		t.Fatalf("undid %+v, %v", undone, err)
	}
	p.wantStanding(one)
	if first, second := state(first), state(second); first != etl.Succeeded || second != etl.RolledBack {
		t.Errorf("the runs are %s and %s", first, second)
	}
	published("1 -")
	p.want("select string_agg(distinct step || ' ' || state, ', ') from etl.steps where execution = 2",
		"publish succeeded, reconcile succeeded, stage succeeded")
	p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")

	// The mark has moved back: the next run takes along what the second had seen.
	p.load("2026-03-11", "2026-03-12")
	p.same(warehouseTakings, shopTakings)
	p.same(warehouseRevenue, shopRevenue)
	if _, err := p.rollback(nil, false); err != nil {
		t.Fatal(err)
	}
	p.wantStanding(one)

	// Replayed, the run that was rolled back stands as it did.
	second.Execution = 2
	if second, err = p.replayUnchanged(second, etl.Clean); err != nil {
		t.Fatal(err)
	}
	p.wantStanding(two, "versions") // of which the time is another
	if state(second) != etl.Succeeded {
		t.Errorf("the run that was replayed is %s", state(second))
	}
	published("1 3 -")

	// Nothing stood before the first.
	if undone, err = p.rollback(&first.ID, true); err != nil || len(undone.Runs) != 2 {
		t.Fatalf("undid %+v, %v", undone, err)
	}
	for name, rows := range p.standing() {
		if rows != "null" {
			t.Errorf("%s still has\n%s", name, rows)
		}
	}
	if first, second := state(first), state(second); first != etl.RolledBack || second != etl.RolledBack {
		t.Errorf("the runs are %s and %s", first, second)
	}
	published("- - -")
	_, err = p.rollback(nil, false)
	var refused *temporal.ApplicationError
	if !errors.As(err, &refused) || refused.Type() != "RollbackError" {
		t.Errorf("undid what is nothing: %v", err)
	}
	p.load("2026-02-01", "2026-03-12")
	p.same(warehouseTakings, shopTakings)
	p.same(warehouseRevenue, shopRevenue)
}
