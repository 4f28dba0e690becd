package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
	"mercado/internal/lake"
	"mercado/internal/settings"
)

// PruneInput says what PruneLake keeps.
type PruneInput struct {
	Retention time.Duration `json:"retention"` // of runs, since their last execution ended
	Versions  int           `json:"versions"`  // of the latest publishes that can be undone, besides those within the retention
	Orphans   time.Duration `json:"orphans"`   // since files were written that no manifest names
	Tries     int           `json:"tries"`     // of a step, before the prune has failed
	DryRun    bool          `json:"dry_run"`   // only tell what would go
}

// OrphansKept is how long files are kept that no manifest names: longer than any step takes.
const OrphansKept = 48 * time.Hour

// Pruned is what a prune has removed, or would remove.
type Pruned struct {
	DryRun bool      `json:"dry_run"`
	Before time.Time `json:"before"` // runs that ended before were given up
	etl.GivenUp
	Zones []etl.PrunedZone `json:"zones"`
}

// PruneLake gives up the files of runs older than the retention, but for what stands in the warehouse, what
// can be put back there, and what runs have read that are kept; then it removes them, zone by zone. It may
// run beside loads. A prune that was ended half-way is completed by the next.
func PruneLake(ctx workflow.Context, input PruneInput) (*Pruned, error) {
	at := workflow.Now(ctx).UTC().Truncate(time.Microsecond) // as Postgres keeps it
	request := etl.PruneRequest{
		At: at, Before: at.Add(-input.Retention), Versions: input.Versions, Orphans: at.Add(-input.Orphans), DryRun: input.DryRun,
	}
	pruned := &Pruned{DryRun: input.DryRun, Before: request.Before}
	workflow.SetCurrentDetails(ctx, "beginning")
	err := pruned.run(ctx, request, input.Tries)
	if !input.DryRun {
		ctx, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		const unlimited = 0
		end := workflow.ExecuteActivity(bookkeeping(ctx, "let other maintenance begin", unlimited), etlSteps.EndPrune)
		err = errors.Join(err, end.Get(ctx, nil))
	}
	switch {
	case err == nil:
		return pruned, nil
	case temporal.IsCanceledError(err):
		return nil, err
	}
	return nil, temporal.NewNonRetryableApplicationError(reason(err)+". The next prune goes on with what is left", "PruneFailed", nil)
}

func (p *Pruned) run(ctx workflow.Context, request etl.PruneRequest, tries int) error {
	err := unheld(ctx, func() (string, error) {
		p.GivenUp = etl.GivenUp{}
		err := workflow.ExecuteActivity(bookkeeping(ctx, "give up old runs", tries), etlSteps.GiveUpRuns, request).Get(ctx, &p.GivenUp)
		return p.WaitsFor, err
	})
	if err != nil {
		return err
	}
	p.details(ctx, "now: "+string(lake.Zones[0]))
	for _, zone := range lake.Zones {
		var done etl.PrunedZone
		sweep := workflow.ExecuteActivity(sweeping(ctx, "remove old files of zone "+string(zone), tries), etlSteps.PruneLake,
			etl.PruneZone{Request: request, Zone: zone})
		if err := sweep.Get(ctx, &done); err != nil {
			return err
		}
		p.Zones = append(p.Zones, done)
		p.details(ctx, fmt.Sprintf("%s is done", zone))
	}
	return nil
}

// ScheduledPrune is what the schedule starts: a prune, unless one that somebody has asked for is under way.
func ScheduledPrune(ctx workflow.Context, input PruneInput) (*Pruned, error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: PruneID(workflow.GetInfo(ctx).TaskQueueName), StaticSummary: pruneSummary, ParentClosePolicy: enums.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
	})
	var pruned *Pruned
	err := workflow.ExecuteChildWorkflow(ctx, PruneLake, input).Get(ctx, &pruned)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		workflow.SetCurrentDetails(ctx, "left out: another prune is under way")
		return nil, nil
	}
	return pruned, err
}

const pruneSummary = "remove old runs from the lake"

// sweeping asks for a step that may take hours. Its heartbeats tell when a worker has died.
func sweeping(ctx workflow.Context, summary string, tries int) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:             summary,
		StartToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout:    15 * time.Second, // see etl.HeartbeatEvery
		WaitForCancellation: true,
		RetryPolicy:         patience(tries),
	})
}

// details tells an operator in the Temporal UI how far it is.
func (p *Pruned) details(ctx workflow.Context, line string) {
	text := fmt.Sprintf("%d runs that ended before %s are given up, %d publishes cannot be undone any more; %s.\n\n",
		p.Runs, p.Before.Format(time.RFC3339), p.Publishes, line)
	if p.DryRun {
		text = "A dry run: nothing is removed.\n\n" + text
	}
	for _, zone := range p.Zones {
		text += fmt.Sprintf("- %s: %d objects of %d bytes removed, %d of %d bytes stay\n",
			zone.Zone, zone.Removed.Objects, zone.Removed.Bytes, zone.Kept.Objects, zone.Kept.Bytes)
	}
	workflow.SetCurrentDetails(ctx, text)
}

// ETLPrune is the id of the schedule of the prune, before the prefix of settings.Temporal.
const ETLPrune = "prune-lake"

// pruneHour is how many hours after the daily load the prune starts.
const pruneHour = 3

// PruneSchedule is the schedule with that id, which prunes the lake a while after the daily load.
func PruneSchedule(id, queue string, daily settings.Daily, keep settings.Retention, tries int, now time.Time) (client.ScheduleOptions, error) {
	location, hour, minute, err := daily.Clock()
	if err != nil {
		return client.ScheduleOptions{}, err
	}
	return client.ScheduleOptions{
		ID:   id,
		Spec: dailySpec(location, (hour+pruneHour)%24, minute, "what is older than is kept", now),
		Action: &client.ScheduleWorkflowAction{
			ID: "etl/" + id, Workflow: ScheduledPrune, Args: []any{PruneOf(keep, tries, false)}, TaskQueue: queue, StaticSummary: pruneSummary,
		},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: time.Hour,
	}, nil
}

// PruneOf is a prune that keeps what the settings say.
func PruneOf(keep settings.Retention, tries int, dryRun bool) PruneInput {
	return PruneInput{Retention: keep.Runs, Versions: keep.Versions, Orphans: OrphansKept, Tries: tries, DryRun: dryRun}
}

// PruneID is the id of the workflow of a prune, for all who work on a queue: there is one at a time.
func PruneID(queue string) string { return queue + "/prune" }

// ErrPruneRunning is returned when a prune is under way.
var ErrPruneRunning = errors.New("a prune is under way: wait for its end")

// StartPrune starts a prune in queue, or returns ErrPruneRunning.
func StartPrune(ctx context.Context, c client.Client, queue string, input PruneInput) (client.WorkflowRun, error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: PruneID(queue), TaskQueue: queue, StaticSummary: pruneSummary,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, PruneLake, input)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil, ErrPruneRunning
	}
	if err != nil {
		return nil, fmt.Errorf("start the prune: %w", err)
	}
	return run, nil
}
