package main

import (
	"context"

	"mercado/internal/lake/duck"
	"mercado/internal/settings"
	"mercado/worker"
)

// WorkerCmd works on the task queues until it is told to stop.
type WorkerCmd struct {
	settings.Worker
	settings.Shop
	settings.Database
	Analytics settings.Warehouse `embed:""`
	settings.ObjectStore
	settings.Temporal
	settings.Lake
	settings.ETL
	settings.Daily
	settings.Retention
	settings.Freshness
	settings.Limits
	settings.Webhooks
}

// Run implements the command.
func (c *WorkerCmd) Run(ctx context.Context, g *Globals) error {
	return worker.Run(ctx, worker.Config{
		Environment: g.Environment, Database: c.Database, Warehouse: c.Analytics, ObjectStore: c.ObjectStore,
		Temporal: c.Temporal, Shop: c.Shop, Lake: c.Lake, ETL: c.ETL, Daily: c.Daily, Retention: c.Retention, Freshness: c.Freshness, Worker: c.Worker, Limits: c.Limits, Webhooks: c.Webhooks,
		Engine: duck.New(c.Lake),
	})
}
