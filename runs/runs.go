// Package runs starts, replays, cancels, watches and undoes loads of the lake and the warehouse. The command
// line and the API both do it through here; what a load does is the workflow's.
package runs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"

	"mercado/activities/etl"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/workflows"
)

// Runs asks for loads and tells of them.
type Runs struct {
	shop     *store.DB
	temporal client.Client
	queue    string // with its prefix
	tries    int    // of a step, before the run has failed
}

// New works on the queue of loads. tries is how often a step is tried before the run has failed.
func New(shop *store.DB, c client.Client, t settings.Temporal, tries int) *Runs {
	return &Runs{shop: shop, temporal: c, queue: t.TaskQueuePrefix + workflows.ETLQueue, tries: tries}
}

// Step is one of the steps of a run; see Steps.
type Step = etl.Step

// Steps are those that a replay may begin with, in the order they run.
var Steps = etl.Steps

// States of a run, and of a step.
const (
	Running    = etl.Running
	Succeeded  = etl.Succeeded
	Failed     = etl.Failed
	Cancelled  = etl.Cancelled
	RolledBack = etl.RolledBack
)

// Manual is the trigger of a run that somebody has asked for.
const Manual = "manual"

// Execution is a run, or a replay of one, that was asked for.
type Execution struct {
	Run    etl.Run
	From   Step // what it begins with
	handle client.WorkflowRun
}

// RunningError tells that a run is still under way, so that it cannot be done again.
type RunningError struct {
	ID         uuid.UUID
	WorkflowID string
}

func (e *RunningError) Error() string {
	return fmt.Sprintf("run %s is still running: wait for its end, or cancel workflow %s first", e.ID, e.WorkflowID)
}

// PrunedError tells that a run cannot be replayed, because its files are removed.
type PrunedError struct {
	Interval store.RunInterval
	ID       uuid.UUID
	At       time.Time
}

func (e *PrunedError) Error() string {
	return fmt.Sprintf("the files of run %s were removed on %s, as older than is kept: load its days again as a new run (`mercado etl run --from %s --to %s`). "+
		"That copies customers, products and what else is copied whole as they are by now; as they were then they cannot be rebuilt",
		e.ID, e.At.Format(time.DateOnly), e.Interval.From, e.Interval.To)
}

// EndedError tells that a run has ended, so that it cannot be cancelled.
type EndedError struct {
	ID    uuid.UUID
	State string
}

func (e *EndedError) Error() string { return fmt.Sprintf("run %s has ended: it is %s", e.ID, e.State) }

// AloneError tells that nobody works any more on the queue that a run waits in.
type AloneError struct {
	ID    uuid.UUID
	Queue string
}

func (e *AloneError) Error() string {
	return fmt.Sprintf("nobody serves the queue %s any more: run %s goes on when `mercado worker` is back; see `mercado etl status %s`",
		e.Queue, e.ID, e.ID)
}

// RefusedError tells of an execution that could not begin as it was asked for, and has changed nothing.
type RefusedError struct {
	ID     uuid.UUID
	Reason string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("run %s: %s", e.ID, e.Reason) }

// FailedError tells of an execution that has ended without success.
type FailedError struct {
	ID     uuid.UUID
	State  string
	Reason string
}

func (e *FailedError) Error() string { return fmt.Sprintf("run %s %s: %s", e.ID, e.State, e.Reason) }

// Ready returns a *store.NoWorkerError when nobody works on the queue of loads.
func (r *Runs) Ready(ctx context.Context) error { return r.shop.WorkerPresent(ctx, r.queue) }

// lookEvery is how often the state of a run, or of its workers, is read while it is waited for.
const lookEvery = 250 * time.Millisecond
