package workflows

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"mercado/activities"
)

var importSteps *activities.Imports

// ImportID is the id of the workflow that imports a file of products.
func ImportID(id uuid.UUID) string { return "import/" + id.String() }

// importTurns is after how many turns an import goes on in a new history.
const importTurns = 500

// ImportProducts takes the rows of an import, turn by turn, from wherever it stands.
func ImportProducts(ctx workflow.Context, id uuid.UUID) error {
	for range importTurns {
		var progress activities.ImportProgress
		err := workflow.ExecuteActivity(call(ctx, "take the next rows of the file", forEver), importSteps.Take, id).Get(ctx, &progress)
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d %% of the file: %d rows read, %d created, %d updated, %d rejected",
			progress.Percent, progress.Read, progress.Created, progress.Updated, progress.Rejected))
		if progress.Done {
			return nil
		}
	}
	return workflow.NewContinueAsNewError(ctx, ImportProducts, id)
}

// StartImport starts an import in queue, and tells whether there was none running.
func StartImport(ctx context.Context, c client.Client, queue string, id uuid.UUID) (started bool, err error) {
	options := client.StartWorkflowOptions{
		ID: ImportID(id), TaskQueue: queue, StaticSummary: "import products from file " + id.String(),
	}
	_, started, err = start(ctx, c, options, ImportProducts, id)
	if err != nil {
		return false, fmt.Errorf("start import %s: %w", id, err)
	}
	return started, nil
}

// How often imports are looked for that nobody needs any more, and how many batches of them one run takes
// away before it leaves the rest to the next.
const (
	forgetEvery   = time.Hour
	forgetBatches = 100
)

// ForgetImports takes away imports that ended long ago, and those whose senders died, and returns how many.
func ForgetImports(ctx workflow.Context) (int64, error) {
	var forgotten int64
	for range forgetBatches {
		var batch int64
		err := workflow.ExecuteActivity(call(ctx, "take away a batch of old imports", forEver), importSteps.Forget).Get(ctx, &batch)
		if err != nil {
			return forgotten, err
		}
		if batch == 0 {
			break
		}
		forgotten += batch
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d imports taken away", forgotten))
	}
	return forgotten, nil
}

// ForgetImportsSchedule is the schedule with that id, which runs ForgetImports every hour.
func ForgetImportsSchedule(id, queue string) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID:   id,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: forgetEvery}}},
		Action: &client.ScheduleWorkflowAction{
			ID: "forget/" + id, Workflow: ForgetImports, TaskQueue: queue, StaticSummary: "take away old imports",
		},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: forgetEvery,
	}
}
