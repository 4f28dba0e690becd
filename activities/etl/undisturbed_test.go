package etl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// turning is a pipeline whose shop changes to and fro, in every table of the warehouse but the calendar, and
// what is made of it either way when nothing disturbs the run.
type turning struct {
	*pipeline
	otherwise *bool
	made      map[bool]outcome
	seen      func() map[string]int
}

// outcome is what a run has made.
type outcome struct {
	gold  map[string]string // digest of each table
	shown string            // content of the whole warehouse
}

func setupTurning(t *testing.T) *turning {
	t.Helper()
	p := &turning{pipeline: setupWithoutWorker(t), otherwise: new(bool), made: map[bool]outcome{}}
	p.exec("select fixture.place('2026-03-01', 20), fixture.place('2026-03-02', 20), fixture.vary('2026-03-01')")
	return p
}

// undisturbed loads each way what disturbed runs are compared with, and has a reader from there on. Runs load
// 2 March, and take along the changes of the day before.
func (p *turning) undisturbed() {
	p.t.Helper()
	p.load("2026-03-01", "2026-03-03")
	for range 2 {
		p.turn()
		run, _ := p.load("2026-03-02", "2026-03-03")
		p.made[*p.otherwise] = outcome{p.gold(run), p.shown()}
	}
	var way, other map[string]string
	for to, outcome := range map[*map[string]string]outcome{&way: p.made[false], &other: p.made[true]} {
		if err := json.Unmarshal([]byte(outcome.shown), to); err != nil {
			p.t.Fatal(err)
		}
	}
	for table, content := range way {
		if same := other[table] == content; same != (table == "date") || same != (p.made[false].gold[table] == p.made[true].gold[table]) {
			p.t.Fatalf("%s is the same either way: %t", table, same)
		}
	}
	p.seen = p.watch()
}

// turn turns the shop.
func (p *turning) turn() {
	p.t.Helper()
	*p.otherwise = !*p.otherwise
	p.exec("select fixture.turn('2026-03-01', $1)", *p.otherwise)
}

// in is the same for a part of the test.
func (p *turning) in(t *testing.T) *turning {
	inner, pipeline := *p, *p.pipeline
	pipeline.t = t
	inner.pipeline = &pipeline
	return &inner
}

// wantBefore expects the warehouse to show what it did before the shop turned.
func (p *turning) wantBefore() {
	p.t.Helper()
	p.wantShown(!*p.otherwise)
}

func (p *turning) wantShown(otherwise bool) {
	p.t.Helper()
	if got, want := p.shown(), p.made[otherwise].shown; got != want {
		p.t.Errorf("the warehouse shows\n%s, want\n%s", got, want)
	}
}

// wantMade expects a disturbed run to have made and published what an undisturbed one does, once.
func (p *turning) wantMade(run etl.Run) {
	p.t.Helper()
	got := p.gold(run)
	for table, digest := range p.made[*p.otherwise].gold {
		if got[table] != digest {
			p.t.Errorf("%s is not what the undisturbed run made", table)
		}
	}
	p.wantShown(*p.otherwise)
	id := "run_id = '" + run.ID.String() + "'"
	p.want("select count(*) from warehouse.publications where "+id, "1")
	p.want("select state from etl.runs where id = '"+run.ID.String()+"'", etl.Succeeded)
	p.want("select count(*) from etl.steps where (error is not null or state <> 'succeeded') and "+id, "0")
	p.same(warehouseRevenue, shopRevenue)
	p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
}

// wantNoMix expects the reader to have seen either way of the whole warehouse, and nothing else.
func (p *turning) wantNoMix() {
	p.t.Helper()
	states := p.seen()
	if len(states) != 2 || states[p.made[false].shown] == 0 || states[p.made[true].shown] == 0 {
		p.t.Errorf("a reader saw:\n%s", strings.Join(slices.Collect(maps.Keys(states)), "\n"))
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

// glance is a query of the content of the whole warehouse: a digest of the rows of each table, as JSON.
func (p *pipeline) glance() string {
	var tables []string
	for _, m := range p.Models.Zone(lake.Gold) {
		tables = append(tables, fmt.Sprintf("'%[1]s', (select md5(string_agg(t::text, ' ' order by t::text)) from warehouse.%[1]s as t)", m.Name))
	}
	return "select json_build_object(" + strings.Join(tables, ", ") + ")"
}

// shown is the content of the whole warehouse.
func (p *pipeline) shown() string {
	p.t.Helper()
	return p.text(p.glance())
}

// reader is the name of who reads the warehouse all the while, and may have to wait for a lock of the test's.
const reader = "reader"

// watch reads the warehouse all the while until seen, which returns what was there.
func (p *pipeline) watch() (seen func() map[string]int) {
	p.t.Helper()
	config, err := pgx.ParseConfig(p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = reader
	config.RuntimeParams["timezone"] = p.text("current_setting('timezone')") // digests are of text
	connection, err := pgx.ConnectConfig(p.t.Context(), config)
	if err != nil {
		p.t.Fatal(err)
	}
	glance := "select (" + p.glance() + ")::text"
	ctx, cancel := context.WithCancel(p.t.Context())
	states := map[string]int{}
	var reading sync.WaitGroup
	reading.Go(func() {
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for ; ctx.Err() == nil; <-look.C {
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
