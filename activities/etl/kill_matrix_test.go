package etl_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// boundary is a place between two steps: what is written of a run there waits for whoever holds
// the lock.
type boundary struct {
	name  string
	table string
	when  string // of the row that is written
}

func boundaries() []boundary {
	var all []boundary
	for _, step := range etl.Steps {
		all = append(all, boundary{"before " + string(step), "etl.steps", fmt.Sprintf("new.step = '%s' and new.state = 'running'", step)})
	}
	return append(all, boundary{"after publish", "etl.runs", "new.state = 'succeeded'"})
}

// The days are loaded once undisturbed, then again and again, each time by a worker that is killed
// between two steps and another that finishes. Every load makes the same bytes, and whoever reads the
// warehouse all the while sees whole days and nothing else.
func TestRunKilledBetweenAnyTwoStepsMakesTheSameBytes(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	p.exec("select fixture.place('2026-03-01', 20), fixture.place('2026-03-02', 20)")
	worker := p.workProcess()
	undisturbed, _ := p.load("2026-03-01", "2026-03-03")
	want := p.gold(undisturbed)
	seen := p.watch()

	gate, err := pgx.Connect(t.Context(), p.world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = gate.Close(context.WithoutCancel(t.Context())) }()
	// A number that was drawn stays drawn, even where a step does not wait to be recorded for ever.
	p.exec(`create sequence fixture.come;
		create function fixture.wait() returns trigger language plpgsql as
		$$ begin perform nextval('fixture.come'), pg_advisory_xact_lock(4711); return new; end $$`)
	for _, at := range boundaries() {
		t.Run(at.name, func(t *testing.T) {
			outer := p // whose worker outlives this
			p := *outer
			p.t = t
			if _, err := gate.Exec(t.Context(), "select pg_advisory_lock(4711)"); err != nil {
				t.Fatal(err)
			}
			p.exec(fmt.Sprintf("create trigger gate before insert or update on %s for each row when (%s) execute function fixture.wait()", at.table, at.when))
			run := newRun(span(t, "2026-03-01", "2026-03-03"))
			p.exec("alter sequence fixture.come restart")
			started := p.start(run, etl.Extract)
			p.eventually("the run has come there", func() bool { return p.text("select is_called from fixture.come") == "true" })
			worker.kill()
			if _, err := gate.Exec(t.Context(), "select pg_advisory_unlock(4711)"); err != nil {
				t.Fatal(err)
			}
			p.exec("drop trigger gate on " + at.table)
			worker = outer.workProcess()
			if _, err := p.finish(started); err != nil {
				t.Fatal(err)
			}
			got := p.gold(run)
			for table, digest := range want {
				if got[table] != digest {
					t.Errorf("%s is not what the undisturbed run made", table)
				}
			}
			p.want("select state from etl.runs where id = '"+run.ID.String()+"'", etl.Succeeded)
			p.want("select count(*) from warehouse.publications where run_id = '"+run.ID.String()+"'", "1")
			p.same(warehouseRevenue, shopRevenue)
			p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
		})
	}
	worker.kill()
	if states := seen(); len(states) != 1 {
		t.Errorf("a reader saw %v", states)
	}
}

// gold is the digest of every table that a run made in zone gold.
func (p *pipeline) gold(run etl.Run) map[string]string {
	p.t.Helper()
	digests := map[string]string{}
	for _, m := range p.Models.Zone(lake.Gold) {
		digests[m.Name] = p.manifest(run, lake.Gold, m.Name).ContentDigest()
	}
	return digests
}

// watch reads the warehouse without a pause until seen, which returns what was there.
func (p *pipeline) watch() (seen func() map[string]int) {
	p.t.Helper()
	connection, err := pgx.Connect(p.t.Context(), p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	const glance = `select concat_ws(' ',
		(select count(*) || ' ' || sum(total_price) from warehouse.sales),
		(select count(*) || ' ' || sum(total_amount) from warehouse.orders),
		(select count(*) || ' ' || sum(closing) from warehouse.stock_daily),
		(select count(*) from warehouse.customer), (select count(*) from warehouse.inventory))`
	ctx, cancel := context.WithCancel(p.t.Context())
	states := map[string]int{}
	var reading sync.WaitGroup
	reading.Go(func() {
		for ctx.Err() == nil {
			var state string
			if err := connection.QueryRow(ctx, glance).Scan(&state); err != nil {
				if ctx.Err() == nil {
					p.t.Error(err)
				}
				return
			}
			states[state]++
		}
	})
	seen = sync.OnceValue(func() map[string]int {
		cancel()
		reading.Wait()
		_ = connection.Close(context.WithoutCancel(ctx))
		return states
	})
	p.t.Cleanup(func() { seen() })
	return seen
}
