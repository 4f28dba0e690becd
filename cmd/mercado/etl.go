package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/runs"
	"mercado/workflows"
)

// ETLCmd is the commands about loading the lake and the warehouse.
type ETLCmd struct {
	Run        ETLRunCmd        `cmd:"" help:"Load the days from --from to --to, and wait for the end."`
	Status     ETLStatusCmd     `cmd:"" help:"Show the latest runs, or one run with its steps."`
	Replay     ETLReplayCmd     `cmd:"" help:"Do the steps of a run again, from the files it extracted, and wait for the end."`
	Backfill   ETLBackfillCmd   `cmd:"" help:"Load many days, month by month, and wait for the end. Asked for again after it has failed, it goes on with the months that are missing; after it has succeeded, or with other models, all are loaded anew."`
	Rollback   ETLRollbackCmd   `cmd:"" help:"Put back what stood in the warehouse before the latest publish, and wait for the end."`
	Prune      ETLPruneCmd      `cmd:"" help:"Remove the files of old loads from the lake, and wait for the end."`
	Quarantine ETLQuarantineCmd `cmd:"" help:"Show the rows that broke a rule and are missing in the warehouse as it stands."`
	Schedules  ETLSchedulesCmd  `cmd:"" help:"Show, pause, resume or trigger what starts loads by itself."`
}

// etlServers is what starting a run needs.
type etlServers struct {
	db       *store.DB
	temporal client.Client
	runs     *runs.Runs
}

// openETL connects to the shop's Postgres and to Temporal, and makes sure somebody works on the
// queue.
func openETL(ctx context.Context, d settings.Database, t settings.Temporal, tries int) (*etlServers, error) {
	db, err := store.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	queue := t.TaskQueuePrefix + workflows.ETLQueue
	if err := db.AwaitWorker(ctx, queue, runs.WorkerGrace); err != nil {
		db.Close()
		return nil, err
	}
	reach, cancel := context.WithTimeout(ctx, runs.WorkerGrace)
	defer cancel()
	c, err := temporal.Dial(reach, t)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &etlServers{db: db, temporal: c, runs: runs.New(db, c, t, tries)}, nil
}

func (s *etlServers) close() {
	s.temporal.Close()
	s.db.Close()
}

// runID is the id of a run as an argument.
type runID uuid.UUID

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *runID) UnmarshalText(text []byte) error {
	parsed, err := uuid.ParseBytes(text)
	if err != nil {
		return fmt.Errorf("run %q: want the id that `mercado etl status` shows", text)
	}
	*id = runID(parsed)
	return nil
}
