package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
)

// ETLCmd is the commands about loading the lake and the warehouse.
type ETLCmd struct {
	Run    ETLRunCmd    `cmd:"" help:"Load the days from --from to --to, and wait for the end."`
	Status ETLStatusCmd `cmd:"" help:"Show the latest runs, or one run with its steps."`
	Replay ETLReplayCmd `cmd:"" help:"Do the steps of a run again, from the files it extracted, and wait for the end."`
}

// etlServers is what starting a run needs.
type etlServers struct {
	db       *store.DB
	temporal client.Client
	queue    string
}

// openETL connects to the shop's Postgres and to Temporal, and makes sure somebody works on the
// queue.
func openETL(ctx context.Context, d settings.Database, t settings.Temporal) (*etlServers, error) {
	db, err := store.Open(ctx, d)
	if err != nil {
		return nil, err
	}
	servers := &etlServers{db: db, queue: t.TaskQueuePrefix + worker.ETLQueue}
	reach, cancel := context.WithTimeout(ctx, workerGrace)
	defer cancel()
	if err := awaitWorker(reach, db, servers.queue); err != nil {
		db.Close()
		return nil, err
	}
	if servers.temporal, err = temporal.Dial(reach, t); err != nil {
		db.Close()
		return nil, err
	}
	return servers, nil
}

func (s *etlServers) close() {
	s.temporal.Close()
	s.db.Close()
}

// workerGrace is how long a worker may be away before a command gives up: a supervisor restarts
// one within seconds.
const workerGrace = 20 * time.Second

// awaitWorker returns once a worker of the queue has announced itself.
func awaitWorker(ctx context.Context, db *store.DB, queue string) error {
	for {
		workers, err := db.WorkersAnnounced(ctx, queue)
		switch {
		case err == nil && workers > 0:
			return nil
		case errors.Is(ctx.Err(), context.Canceled):
			return ctx.Err()
		case ctx.Err() != nil || err != nil:
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("look for a worker: %w", err)
			}
			return fmt.Errorf("no worker serves the queue %s: start `mercado worker`, or `mercado up`", queue)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
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

// utcDays is the UTC days that hold the days [from, to) of a time zone whole. No days at all mean
// today, no second day means the first alone.
func utcDays(from, to, zone string, now time.Time) (lake.Span, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return lake.Span{}, fmt.Errorf("--tz %q: want a time zone such as Europe/Lisbon", zone)
	}
	if from == "" && to != "" {
		return lake.Span{}, fmt.Errorf("--to needs --from")
	}
	first := now.In(location)
	if from != "" {
		if first, err = time.ParseInLocation(time.DateOnly, from, location); err != nil {
			return lake.Span{}, fmt.Errorf("--from %q: want a day such as 2026-11-20", from)
		}
	}
	first = time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, location)
	last := time.Date(first.Year(), first.Month(), first.Day()+1, 0, 0, 0, 0, location)
	if to != "" {
		if last, err = time.ParseInLocation(time.DateOnly, to, location); err != nil {
			return lake.Span{}, fmt.Errorf("--to %q: want a day such as 2026-11-21", to)
		}
	}
	if !first.Before(last) {
		return lake.Span{}, fmt.Errorf("--to %s: want a day after --from %s, which it does not include", to, from)
	}
	return lake.Span{From: lake.DayOf(first), To: lake.DayOf(last.Add(-time.Nanosecond)) + 1}, nil
}
