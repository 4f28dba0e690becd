package worker

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
	"mercado/internal/temporal/search"
	"mercado/internal/warehouse"
	"mercado/runs"
	"mercado/workflows"
)

// etlAtOnce is how many steps of runs a worker works on at once. Models take turns anyway, for
// their memory; the others mostly wait for servers.
const etlAtOnce = 4

// ETL is the queue of the daily load.
func ETL(steps *etl.Activities) Queue {
	return Queue{
		Name: ETLQueue,
		Options: sdk.Options{
			MaxConcurrentActivityExecutionSize: etlAtOnce,
			MaxHeartbeatThrottleInterval:       etl.HeartbeatEvery,
		},
		Register: func(r sdk.Registry) {
			r.RegisterWorkflow(workflows.DailyETL)
			r.RegisterWorkflow(workflows.ScheduledETL)
			r.RegisterWorkflow(workflows.RollbackETL)
			r.RegisterWorkflow(workflows.BackfillETL)
			r.RegisterWorkflow(workflows.EraseCustomer)
			r.RegisterWorkflow(workflows.PruneLake)
			r.RegisterWorkflow(workflows.ScheduledPrune)
			r.RegisterActivity(steps)
		},
		Check: search.Check, // a workflow that notes what is not there does not get on
	}
}

// ETLSteps opens what the steps of a load work with. closeAll closes all of it but the connections.
func ETLSteps(ctx context.Context, c Config, shop *Connections) (steps *etl.Activities, closeAll func(), err error) {
	models, err := model.Load()
	if err != nil {
		return nil, nil, err
	}
	objects, err := lake.Open(c.ObjectStore)
	if err != nil {
		return nil, nil, err
	}
	scratch, closeScratch, err := etl.OpenScratch(runs.Scratch(c.Environment))
	if err != nil {
		return nil, nil, err
	}
	analytics, err := warehouse.Open(ctx, c.Warehouse)
	if err != nil {
		closeScratch()
		return nil, nil, err
	}
	return &etl.Activities{
			Shop: shop.Steps, Copies: shop.Copies, Warehouse: analytics, Store: objects, Models: models, Engine: c.Engine, Scratch: scratch,
			Parameters: lake.Parameters{
				CLVExpectedMonths: c.Lake.CLVExpectedMonths, CLVAcquisitionCost: c.Lake.CLVAcquisitionCost,
			},
		}, func() {
			analytics.Close()
			closeScratch()
		}, nil
}

// keepSchedules makes the schedules as soon as Temporal answers.
func keepSchedules(ctx context.Context, c client.Client, config Config) error {
	return persist(ctx, "make the schedules", func(ctx context.Context) error {
		if err := EnsureSchedules(ctx, c, config.Temporal, config.Daily, config.Retention, config.ETL.StepTries); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
}

// EnsureSchedules makes the schedules that Mercado needs, or makes them what the settings say by now.
// Several processes may call it at once. A schedule that an operator has paused stays paused.
func EnsureSchedules(ctx context.Context, c client.Client, t settings.Temporal, d settings.Daily, keep settings.Retention, tries int) error {
	daily, err := workflows.DailySchedule(t.TaskQueuePrefix+workflows.ETLDaily, t.TaskQueuePrefix+ETLQueue, d, tries, time.Now())
	if err != nil {
		return err
	}
	prune, err := workflows.PruneSchedule(t.TaskQueuePrefix+workflows.ETLPrune, t.TaskQueuePrefix+ETLQueue, d, keep, tries, time.Now())
	if err != nil {
		return err
	}
	return errors.Join(ensureSchedule(ctx, c, daily), ensureSchedule(ctx, c, prune))
}
