package runs

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/client"

	"mercado/internal/settings"
	"mercado/workflows"
)

// Pruned is what a prune has removed, or would remove.
type Pruned = workflows.Pruned

// ErrPruneRunning is returned when a prune is under way.
var ErrPruneRunning = workflows.ErrPruneRunning

// Prune is a prune of the lake that was asked for.
type Prune struct {
	runs   *Runs
	handle client.WorkflowRun
}

// Prune removes from the lake what is older than is kept; a dry run only tells what that is. The error is
// ErrPruneRunning when another is under way.
func (r *Runs) Prune(ctx context.Context, keep settings.Retention, dryRun bool) (*Prune, error) {
	handle, err := workflows.StartPrune(ctx, r.temporal, r.queue, workflows.PruneOf(keep, r.tries, dryRun))
	if err != nil {
		return nil, err
	}
	return &Prune{runs: r, handle: handle}, nil
}

// Wait returns what was removed. When there has been no worker for WorkerGrace the error is a *store.NoWorkerError.
func (p *Prune) Wait(ctx context.Context) (*Pruned, error) {
	var pruned *Pruned
	failure, err := p.runs.attend(ctx, p.handle, &pruned, func() {})
	if err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, fmt.Errorf("prune: %s", reason(failure))
	}
	return pruned, nil
}
