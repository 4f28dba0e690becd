package etl_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"mercado/activities/etl"
)

// spot is where a run is stopped: what it does there waits for a lock.
type spot struct {
	name   string
	lock   string // a statement that takes it
	waits  string // whether the run waits for it
	gate   string // a trigger that waits for it, "" where the run does by itself
	within bool   // a step, not between two
	after  bool   // what is published is published
}

func spots() []spot {
	const waiting = `select exists (select from pg_stat_activity where wait_event_type = 'Lock'
		and datname = current_database() and query like '%%%s%%')`
	all := []spot{
		{name: "in the middle of extract", within: true, lock: "lock table catalog.reviews in access exclusive mode", waits: fmt.Sprintf(waiting, "catalog.reviews")},
		{name: "in the middle of load", within: true, lock: "lock table warehouse.sales in access exclusive mode", waits: fmt.Sprintf(waiting, "staging.open")},
		{name: "in the middle of publish", within: true, lock: "lock table warehouse.mark in exclusive mode", waits: fmt.Sprintf(waiting, "move_mark")},
	}
	// Between steps, what is written of the run waits.
	gate := func(name, table, when string) spot {
		return spot{
			name: name, lock: "select pg_advisory_xact_lock(4711)", waits: "select is_called from fixture.come",
			gate: fmt.Sprintf("before insert or update on %s for each row when (%s)", table, when),
		}
	}
	for _, step := range etl.Steps {
		before := gate("before "+string(step), "etl.steps", fmt.Sprintf("new.step = '%s' and new.state = 'running'", step))
		if step == etl.Publish {
			before.lock += "; lock table warehouse.mark in exclusive mode" // a step whose report waits too long goes on
		}
		all = append(all, before)
	}
	after := gate("after publish", "etl.runs", "new.state = 'succeeded'")
	after.after = true
	return append(all, after)
}

// Days are loaded again and again, and between two loads the shop has changed. The worker of each load is killed,
// between two steps or within one, and another finishes. Every load makes the bytes and the warehouse that an
// undisturbed one makes, and whoever reads the warehouse all the while sees all of it as it was or all as it is.
func TestRunKilledAnywhereMakesTheSameBytes(t *testing.T) {
	t.Parallel()
	outer := setupTurning(t)
	worker := outer.workProcess()
	outer.undisturbed()
	// A number that was drawn stays drawn, even where a step does not wait to be recorded for ever.
	outer.exec(`create sequence fixture.come;
		create function fixture.wait() returns trigger language plpgsql as
		$$ begin perform nextval('fixture.come'), pg_advisory_xact_lock(4711); return new; end $$`)
	for _, at := range spots() {
		t.Run(at.name, func(t *testing.T) {
			p := outer.in(t)
			p.turn()
			release := p.holdBy(at.lock)
			if at.gate != "" {
				p.exec("alter sequence fixture.come restart")
				p.exec("create trigger gate " + at.gate + " execute function fixture.wait()")
			}
			run := newRun(span(t, "2026-03-02", "2026-03-03"))
			started := p.startPatient(run, etl.Extract, 20)
			p.eventually("the run has come there", func() bool { return p.text(at.waits) == "true" })
			worker.kill()
			release()
			if at.gate != "" {
				p.exec("drop trigger if exists gate on etl.steps; drop trigger if exists gate on etl.runs")
			}
			if at.after {
				p.wantShown(*p.otherwise)
			} else {
				p.wantBefore()
			}
			if at.within {
				p.want("select state from etl.runs where id = '"+run.ID.String()+"'", etl.Running)
			}
			worker = outer.workProcess() // which outlives this
			if _, err := p.finish(started); err != nil {
				t.Fatal(err)
			}
			p.wantMade(run)
			if at.within {
				p.want("select max(tries) >= 2 from etl.steps where run_id = '"+run.ID.String()+"'", "true")
			}
			if left, err := filepath.Glob(filepath.Join(p.world.Home, "scratch", "etl", "*", "*")); err != nil || len(left) > 0 {
				t.Errorf("left on disk: %v, %v", left, err)
			}
		})
	}
	worker.kill()
	outer.wantNoMix()
}
