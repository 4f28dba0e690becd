package etl_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/store"
	"mercado/workflows"
)

// cutAtCommit has the answer to the commit of a transaction lost that updates a row of a table: it waits there until
// the wire is cut, and is committed nevertheless.
func (p *pipeline) cutAtCommit(away *wire, table, when string) (lost func()) {
	p.t.Helper()
	p.exec(`create constraint trigger at_commit after update on ` + table + ` deferrable initially deferred
		for each row when (` + when + `) execute function fixture.wait_for_the_cut()`)
	holder, err := pgx.Connect(p.t.Context(), p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := holder.Exec(p.t.Context(), "select pg_advisory_lock(4713)"); err != nil {
		p.t.Fatal(err)
	}
	return func() {
		p.t.Helper()
		const waiting = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4713 and not granted" +
			" and database = (select oid from pg_database where datname = current_database())"
		p.eventually("a commit of "+table+" waits", func() bool { return p.text(waiting) == "1" })
		away.cut()
		if err := holder.Close(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
		p.eventually("it has happened", func() bool {
			_, err := p.Shop.Pool.Exec(p.t.Context(), "set lock_timeout = '100 ms'; drop trigger at_commit on "+table+"; reset lock_timeout")
			return err == nil
		})
	}
}

// TestRollbackWhoseAnswerWasLostIsWhatItHasDone loses the answers of a rollback's transactions: of its beginning, and of
// its publish. Whatever its workflow knows, the run ends as what the warehouse says.
func TestRollbackWhoseAnswerWasLostIsWhatItHasDone(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	away := p.workThroughPostgres()
	p.exec(`create function fixture.wait_for_the_cut() returns trigger language plpgsql as $$
		begin
			perform pg_advisory_xact_lock_shared(4713);
			return null;
		end $$`)
	p.exec("select fixture.place('2026-03-01', 5)")
	first, _ := p.load("2026-03-01", "2026-03-02")
	one := p.standing()
	p.exec("select fixture.place('2026-03-02', 5)")
	second, _ := p.load("2026-03-02", "2026-03-03")
	two := p.standing()
	// A replay of it has failed, and what it has published stands.
	p.exec("update etl.runs set state = 'failed', error = 'the replay failed' where id = $1", second.ID)
	is := func(want string) {
		t.Helper()
		p.want("select concat_ws(' ', state, execution, error, state_before) from etl.runs where id = '"+second.ID.String()+"'", want)
		p.want("select count(*) from etl.steps where state = 'running'", "0")
		p.want("select count(*) from pg_class where relnamespace = 'staging'::regnamespace", "0")
	}
	start := func(run *uuid.UUID) client.WorkflowRun {
		started, err := workflows.StartRollback(t.Context(), p.temporal, p.queue(), workflows.RollbackInput{RunID: run, Tries: tries})
		if err != nil {
			t.Fatal(err)
		}
		return started
	}
	const begins = "old.state <> 'running' and new.state = 'running'"

	// The next try finds what the first has begun. Then a part of what stood before is missing.
	objects, part := p.objects(), p.manifest(first, lake.Gold, "customer").Parts[0].Key
	content := objects.get(lake.Gold, part)
	objects.remove(lake.Gold, part)
	lost := p.cutAtCommit(away, "etl.runs", begins)
	started := start(nil)
	lost()
	away.mend()
	if err := started.Get(t.Context(), nil); err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("rolled back without %s: %v", part, err)
	}
	is("failed 2 rollback: stage customer: " + p.text("select error from etl.steps where table_name = 'customer' and execution = 2"))
	p.wantStanding(two)

	// No try learns that it has begun.
	lost = p.cutAtCommit(away, "etl.runs", begins)
	started = start(nil)
	lost()
	p.eventually("the rollback has given up and waits to say so", func() bool { return p.pending(started, "FinishRollback") })
	p.want("select state || execution from etl.runs where id = '"+second.ID.String()+"'", "running3")
	away.mend()
	if err := started.Get(t.Context(), nil); err == nil {
		t.Error("a rollback that did not get beyond its beginning has succeeded")
	}
	p.want("select state || execution || (error like 'rollback: %') from etl.runs where id = '"+second.ID.String()+"'", "failed3true")
	p.wantStanding(two)

	// It was terminated, and another, which has its workflow id, is under way.
	objects.put(lake.Gold, part, content)
	release := p.holdLock("warehouse.customer in access exclusive mode")
	terminated := start(nil)
	p.eventually("the rollback is on record, and a step of it waits", func() bool {
		return p.text("select count(*) from etl.runs where state_before = 'failed'") == "1" && p.waiting() > 0
	})
	p.terminate(terminated)
	m := store.Maintenance{Kind: store.Erasure, Subject: "customer 7", HoldsRuns: true, WorkflowID: "erase"}
	p.exec("insert into etl.maintenance (kind, subject, holds_runs, workflow_id) values ($1, $2, true, $3)", m.Kind, m.Subject, m.WorkflowID)
	other := start(nil)
	if other.GetID() != terminated.GetID() {
		t.Errorf("two rollbacks at once are %s and %s", terminated.GetID(), other.GetID())
	}
	p.eventually("the other waits", func() bool { return strings.Contains(p.details(other), "waiting for the end of erasure") })
	p.eventually("no step has outlived the workflow", func() bool { return p.waiting() == 0 })
	release()
	lostRun, err := p.operators().Lost(t.Context(), second.ID, 0)
	if err != nil || lostRun == nil || !lostRun.Run.RollingBack {
		t.Fatalf("the rollback that was terminated is %+v, %v", lostRun, err)
	}
	if undone, err := p.EndLostRollback(t.Context(), lostRun.Run.WorkflowRunID, lostRun.Why); err != nil || undone {
		t.Errorf("ended, undone %t, %v", undone, err)
	}
	is("failed 4 rollback: workflow " + terminated.GetID() + " was terminated")
	p.wantStanding(two)

	// What was put back stays, although no try learns of it.
	lost = p.cutAtCommit(away, "warehouse.publications", "new.rolled_back_at is not null")
	if err := p.Shop.EndMaintenance(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	lost()
	p.eventually("the rollback has given up and waits to say so", func() bool { return p.pending(other, "FinishRollback") })
	away.mend()
	var undone workflows.RollbackResult
	if err := other.Get(t.Context(), &undone); err != nil || undone.RunID != second.ID || len(undone.Runs) != 1 {
		t.Errorf("undid %+v, %v", undone, err)
	}
	is("rolled_back 5")
	p.wantStanding(one)

	// The end is recorded once, whatever becomes of the answer.
	lost = p.cutAtCommit(away, "etl.runs", "old.state = 'running' and new.state <> 'running'")
	last := start(&first.ID)
	lost()
	away.mend()
	if err := last.Get(t.Context(), &undone); err != nil || undone.RunID != first.ID {
		t.Errorf("undid %+v, %v", undone, err)
	}
	p.want("select state || execution from etl.runs where id = '"+first.ID.String()+"'", etl.RolledBack+"2")
}
