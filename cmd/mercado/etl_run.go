package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	_ "time/tzdata" // --tz works on machines without time zones

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/settings"
	"mercado/workflows"
)

// ETLRunCmd loads days.
type ETLRunCmd struct {
	settings.Database
	settings.Temporal
	Tries int    `name:"etl-tries" env:"MERCADO_ETL_TRIES" default:"12" help:"How often a step is tried before the run has failed."`
	From  string `name:"from" placeholder:"DAY" help:"First day, yyyy-mm-dd (default: today)."`
	To    string `name:"to" placeholder:"DAY" help:"Day after the last (default: the day after --from)."`
	TZ    string `name:"tz" default:"UTC" placeholder:"ZONE" help:"Time zone of the days. The run loads the UTC days that hold them whole."`

	span lake.Span
}

// Validate implements kong's validation hook.
func (c *ETLRunCmd) Validate() (err error) {
	if c.span, err = utcDays(c.From, c.To, c.TZ, time.Now()); err != nil {
		return err
	}
	return validTries(c.Tries)
}

// Run implements the command.
func (c *ETLRunCmd) Run(ctx context.Context, g *Globals) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	servers, err := openETL(ctx, c.Database, c.Temporal)
	if err != nil {
		return err
	}
	defer servers.close()
	return servers.carryOut(ctx, g, workflows.ETLInput{
		Run: etl.Run{ID: id, Execution: 1, Interval: c.span}, From: etl.Extract, Trigger: "manual", Tries: c.Tries,
	})
}

// carryOut starts an execution, waits for its end with progress on a terminal, and prints the
// run. An execution that does not succeed is an error.
func (s *etlServers) carryOut(ctx context.Context, g *Globals, input workflows.ETLInput) error {
	started, err := workflows.StartETL(ctx, s.temporal, s.queue, input)
	if err != nil {
		return err
	}
	ended := s.wait(ctx, g, started, input)
	if ctx.Err() != nil {
		_, _ = fmt.Fprintf(g.stderr, "no longer waiting; the run goes on: mercado etl status %s\n", input.Run.ID)
		return ctx.Err()
	}
	var absent *workerGoneError
	if errors.As(ended, &absent) {
		return ended
	}
	if refused(ended) {
		return fmt.Errorf("run %s: %s", input.Run.ID, failureOf(ended))
	}
	run, err := s.db.Run(ctx, input.Run.ID)
	if err != nil {
		return errors.Join(ended, err)
	}
	err = g.print(run, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s %s\n", run.ID, run.State)
		return err
	})
	if ended != nil && err == nil {
		return fmt.Errorf("run %s %s: %s", run.ID, run.State, failureOf(ended))
	}
	return err
}

// workerGoneError tells that nobody has worked on a run for a while.
type workerGoneError struct {
	run   uuid.UUID
	queue string
}

func (e *workerGoneError) Error() string {
	return fmt.Sprintf("nobody serves the queue %s any more: run %s goes on when `mercado worker` is back; see `mercado etl status %s`",
		e.queue, e.run, e.run)
}

// wait returns when the execution has ended, or when there has been no worker for workerGrace.
func (s *etlServers) wait(ctx context.Context, g *Globals, started client.WorkflowRun, input workflows.ETLInput) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- started.Get(ctx, nil) }()
	show, hide := showSteps(g.stderr, input.From)
	defer hide()
	look := time.NewTicker(300 * time.Millisecond)
	defer look.Stop()
	lastSeen := time.Now()
	for {
		select {
		case err := <-ended:
			return err
		case <-look.C:
			if workers, err := s.db.WorkersAnnounced(ctx, s.queue); err != nil || workers > 0 {
				lastSeen = time.Now() // a database that is away says nothing of workers
			}
			if time.Since(lastSeen) > workerGrace {
				return &workerGoneError{run: input.Run.ID, queue: s.queue}
			}
			if run, err := s.db.Run(ctx, input.Run.ID); err == nil {
				show(run, input.Run.Execution)
			}
		}
	}
}

func validTries(tries int) error {
	if tries < 1 {
		return &settings.Error{Setting: "MERCADO_ETL_TRIES", Problem: "must be at least 1"}
	}
	return nil
}
