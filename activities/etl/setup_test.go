package etl_test

import (
	"context"
	_ "embed"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"mercado/activities/etl"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/lake/duck"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
	"mercado/workflows"
)

func TestMain(m *testing.M) {
	stacktest.AtOnce(3)
	stacktest.Main(m)
}

//go:embed testdata/fixture.sql
var fixture string

// pipeline is a shop with a few customers and products, and a worker that loads its days.
type pipeline struct {
	*etl.Activities
	world    *stacktest.World
	temporal client.Client
	t        *testing.T
}

// Tries of a step in tests: enough to show that it is tried again.
const tries = 2

func setup(t *testing.T) *pipeline {
	t.Helper()
	p := setupWithoutWorker(t)
	p.work(p.Activities)
	return p
}

func setupWithoutWorker(t *testing.T) *pipeline {
	t.Helper()
	p := setupEmpty(t)
	p.exec("select fixture.catalog()")
	return p
}

// setupEmpty is a pipeline of a shop with nothing in it.
func setupEmpty(t *testing.T) *pipeline {
	t.Helper()
	return setupIn(t, stacktest.New(t))
}

func setupIn(t *testing.T, world *stacktest.World) *pipeline {
	t.Helper()
	shop, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(shop.Close)
	if _, err := shop.Pool.Exec(t.Context(), fixture); err != nil {
		t.Fatal(err)
	}
	engine := duck.New(settings.Lake{MemoryLimit: "256MiB", Threads: 2, MaskKey: "a key"})
	steps, closeSteps, err := worker.ETLSteps(t.Context(), worker.Config{
		Environment: settings.Environment{Home: world.Home}, Warehouse: world.Warehouse,
		ObjectStore: world.ObjectStore, Engine: engine,
	}, &worker.Connections{Steps: shop, Copies: shop})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeSteps)
	c, err := temporal.Dial(t.Context(), world.Temporal)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &pipeline{Activities: steps, world: world, temporal: c, t: t}
}

// work hosts the queue etl with these steps until stop, or until the test ends.
func (p *pipeline) work(steps *etl.Activities) (stop func()) {
	p.t.Helper()
	queue := worker.ETL(steps)
	hosted := sdk.New(p.temporal, p.queue(), queue.Options)
	queue.Register(hosted)
	if err := hosted.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(hosted.Stop)
	return hosted.Stop
}

func (p *pipeline) queue() string { return p.world.Temporal.TaskQueuePrefix + worker.ETLQueue }

// exec runs a statement in the shop, which is the warehouse as well.
func (p *pipeline) exec(statement string, arguments ...any) {
	p.t.Helper()
	if _, err := p.Shop.Pool.Exec(p.t.Context(), statement, arguments...); err != nil {
		p.t.Fatal(err)
	}
}

// text is the answer of a query with one field.
func (p *pipeline) text(query string, arguments ...any) string {
	p.t.Helper()
	return p.textIn(p.Shop.Pool, query, arguments...)
}

// textIn is text of another database.
func (p *pipeline) textIn(pool *pgxpool.Pool, query string, arguments ...any) string {
	p.t.Helper()
	var answer *string
	if err := pool.QueryRow(p.t.Context(), "select ("+query+")::text", arguments...).Scan(&answer); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	if answer == nil {
		return "null"
	}
	return *answer
}

func (p *pipeline) want(query, want string) {
	p.t.Helper()
	if got := p.text(query); got != want {
		p.t.Errorf("%s\n\tis %s, want %s", query, got, want)
	}
}

// same reports queries that give different answers.
func (p *pipeline) same(a, b string) {
	p.t.Helper()
	if first, second := p.text(a), p.text(b); first != second || first == "null" {
		p.t.Errorf("%s\n\tis %s\n%s\n\tis %s", a, first, b, second)
	}
}

func span(t *testing.T, from, to string) lake.Span {
	t.Helper()
	first, err := lake.ParseDay(from)
	if err != nil {
		t.Fatal(err)
	}
	last, err := lake.ParseDay(to)
	if err != nil {
		t.Fatal(err)
	}
	return lake.Span{From: first, To: last}
}

func newRun(interval lake.Span) etl.Run {
	return etl.Run{ID: uuid.Must(uuid.NewV7()), Execution: 1, Interval: interval}
}

// start starts an execution and does not wait for it.
func (p *pipeline) start(run etl.Run, from etl.Step) client.WorkflowRun {
	p.t.Helper()
	return p.startPatient(run, from, tries)
}

// startPatient starts an execution whose steps are tried so often. A replay makes everything anew.
func (p *pipeline) startPatient(run etl.Run, from etl.Step, tries int) client.WorkflowRun {
	p.t.Helper()
	return p.startInput(workflows.ETLInput{Run: run, From: from, Trigger: "manual", Tries: tries, Recompute: run.Execution > 1})
}

func (p *pipeline) startInput(input workflows.ETLInput) client.WorkflowRun {
	p.t.Helper()
	started, err := workflows.StartETL(p.t.Context(), p.temporal, p.queue(), input)
	if err != nil {
		p.t.Fatal(err)
	}
	return started
}

// finish waits for an execution.
func (p *pipeline) finish(started client.WorkflowRun) (*workflows.ETLResult, error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Minute) // other tests have the processors, too
	defer cancel()
	var result *workflows.ETLResult
	err := started.Get(ctx, &result)
	if errors.Is(err, context.DeadlineExceeded) {
		p.t.Fatal("the run does not end")
	}
	return result, err
}

// load runs the days and expects success.
func (p *pipeline) load(from, to string) (etl.Run, *workflows.ETLResult) {
	p.t.Helper()
	run := newRun(span(p.t, from, to))
	result, err := p.finish(p.start(run, etl.Extract))
	if err != nil {
		p.t.Fatal(err)
	}
	return run, result
}

// replayUnchanged does a run again from a step, but for what would come out the same.
func (p *pipeline) replayUnchanged(run etl.Run, from etl.Step) (etl.Run, error) {
	p.t.Helper()
	run.Execution++
	_, err := p.finish(p.startInput(workflows.ETLInput{Run: run, From: from, Trigger: "manual", Tries: tries}))
	return run, err
}

// replay does a run again from a step, and makes everything anew.
func (p *pipeline) replay(run etl.Run, from etl.Step) (etl.Run, error) {
	p.t.Helper()
	run.Execution++
	_, err := p.finish(p.start(run, from))
	return run, err
}

// manifest of what an execution made of a table.
func (p *pipeline) manifest(run etl.Run, zone lake.Zone, table string) *lake.Manifest {
	p.t.Helper()
	manifest, err := p.Store.Manifest(p.t.Context(), lake.Output{Zone: zone, Table: table, RunID: run.ID.String(), Execution: run.Execution})
	if err != nil {
		p.t.Fatal(err)
	}
	return manifest
}
