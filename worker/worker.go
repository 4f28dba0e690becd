// Package worker runs Mercado's task queues: orders for checkout and fulfilment, operations for the
// audit and outgoing webhooks, etl for the lake. orders.go, operations.go and etl.go each hold the
// one list of what a queue runs.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/temporal"
	"mercado/runs"
	flows "mercado/workflows"
)

// Task queues, before the prefix of settings.Temporal.
const (
	OrdersQueue = flows.OrdersQueue
	ETLQueue    = flows.ETLQueue
)

// Queue is one task queue: its name before the prefix, how many tasks it takes at once, and what
// it runs.
type Queue struct {
	Name     string
	Options  sdk.Options
	Register func(sdk.Registry)
	// Check, which may be nil, says what the namespace lacks for it; until it returns nil nothing is taken from
	// the queue.
	Check func(ctx context.Context, c client.Client, namespace string) error
}

// Config is what a worker process works with.
type Config struct {
	Environment settings.Environment
	Database    settings.Database
	Warehouse   settings.Warehouse
	ObjectStore settings.ObjectStore
	Temporal    settings.Temporal
	Shop        settings.Shop
	Lake        settings.Lake
	ETL         settings.ETL
	Daily       settings.Daily
	Retention   settings.Retention
	Freshness   settings.Freshness
	Worker      settings.Worker
	Limits      settings.Limits
	Webhooks    settings.Webhooks
	Engine      model.Engine // of the lake; without one the queue etl is left to others
	// Client talks to Temporal; nil for one that Run connects and closes itself.
	Client client.Client
}

// Run hosts all task queues, starts what events ask for, and answers /livez and /metrics, until
// ctx ends; then it lets what is under way finish.
func Run(ctx context.Context, c Config) error {
	connections, err := Connect(ctx, c.Database, c.Engine != nil)
	if err != nil {
		return err
	}
	defer connections.Close()
	db := connections.Orders
	workflows := c.Client
	if workflows == nil {
		if workflows, err = temporal.NewLazy(c.Temporal); err != nil {
			return err
		}
		defer workflows.Close()
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveHealth(ctx, c, db) })
	queues := []Queue{Orders(db, c.Shop, nil), Operations(c, db)}
	group.Go(func() error {
		prefix := c.Temporal.TaskQueuePrefix
		return keepSchedule(ctx, workflows, flows.AuditSchedule(prefix+"audit", prefix+OperationsQueue, c.Limits.AuditEvery))
	})
	group.Go(func() error {
		prefix := c.Temporal.TaskQueuePrefix
		return keepSchedule(ctx, workflows, flows.ForgetImportsSchedule(prefix+"forget-imports", prefix+OperationsQueue))
	})
	lost := &lost{db: db, loads: runs.New(db, workflows, c.Temporal, c.ETL.StepTries)}
	if c.Shop.SweepEvery > 0 {
		group.Go(func() error {
			prefix := c.Temporal.TaskQueuePrefix
			return keepSchedule(ctx, workflows, flows.SweepSchedule(prefix+"sweep-holds", prefix+OperationsQueue, c.Shop.SweepEvery))
		})
	}
	if c.Engine != nil {
		steps, closeSteps, err := ETLSteps(ctx, c, connections)
		if err != nil {
			return err
		}
		defer closeSteps()
		queues = append(queues, ETL(steps))
		lost.steps = steps
		group.Go(func() error { return keepSchedules(ctx, workflows, c) })
	}
	group.Go(func() error { return lost.find(ctx) })
	for _, queue := range queues {
		name := c.Temporal.TaskQueuePrefix + queue.Name
		group.Go(func() error {
			return Host(ctx, workflows, c.Temporal, queue, func(ctx context.Context) error { return announce(ctx, db, name) })
		})
	}
	for _, consumer := range []consumer{
		&relay{db: db, workflows: workflows, queue: c.Temporal.TaskQueuePrefix + OrdersQueue},
		&outbox{workflows: workflows, queue: c.Temporal.TaskQueuePrefix + OperationsQueue, keep: c.Webhooks.KeepAttempts},
	} {
		tail := &tail{db: db, consumer: consumer}
		group.Go(func() error { return tail.run(ctx) })
	}
	return group.Wait()
}

// Pauses between attempts to reach a server that is away.
const (
	firstPause = 200 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Host works on a queue until ctx ends, then lets the tasks under way finish. While Temporal does
// not answer, it tries again. alongside, which may be nil, runs while the queue is worked on.
func Host(
	ctx context.Context, c client.Client, t settings.Temporal, queue Queue, alongside func(context.Context) error,
) error {
	name := t.TaskQueuePrefix + queue.Name
	return persist(ctx, "work on queue "+name, func(ctx context.Context) error {
		if queue.Check != nil {
			if err := queue.Check(ctx, c, t.Namespace); err != nil {
				return err
			}
		}
		failed := make(chan error, 1)
		options := queue.Options
		options.WorkerStopTimeout = 10 * time.Second
		options.OnFatalError = func(err error) { failed <- err }
		worker := sdk.New(c, name, options)
		queue.Register(worker)
		if err := worker.Start(); err != nil {
			return err
		}
		defer worker.Stop()
		slog.Info("working", "queue", name)

		group, ctx := errgroup.WithContext(ctx)
		if alongside != nil {
			group.Go(func() error { return alongside(ctx) })
		}
		group.Go(func() error {
			select {
			case <-ctx.Done():
				return nil
			case err := <-failed:
				return err
			}
		})
		return group.Wait()
	})
}

// persist does something until ctx ends, again and again when it fails: what it needs may be away
// for a while.
func persist(ctx context.Context, what string, do func(context.Context) error) error {
	pause := firstPause
	for {
		began := time.Now()
		err := do(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			return fmt.Errorf("%s: ended by itself", what)
		}
		if time.Since(began) > lastPause {
			pause = firstPause
		}
		slog.Warn("cannot "+what+"; trying again", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}
