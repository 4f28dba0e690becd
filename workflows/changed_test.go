package workflows_test

import (
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/interceptor"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// nondeterministic is how Temporal names what it finds when a replay differs from its history.
const nondeterministic = "[TMPRL1100]"

// TestChangedWorkflowFailsItsReplay shows that TestRecordedOrdersReplay and TestRecordedLoadsReplay are able to fail:
// every history is replayed by its workflow with something added, or left out.
func TestChangedWorkflowFailsItsReplay(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]change{
		"a step more at the beginning": func(ctx workflow.Context, body func() (any, error)) (any, error) {
			if err := workflow.Sleep(ctx, 1); err != nil {
				return nil, err
			}
			return body()
		},
		"a step more at the end": func(ctx workflow.Context, body func() (any, error)) (any, error) {
			result, err := body()
			if err != nil {
				return nil, err
			}
			return result, workflow.Sleep(ctx, 1)
		},
		"no step at all": func(workflow.Context, func() (any, error)) (any, error) { return nil, nil },
	} {
		for _, file := range append(histories(t), loads(t)...) {
			if what == "a step more at the end" && !ended(t, file) {
				continue
			}
			t.Run(filepath.Base(file)+"/"+what, func(t *testing.T) {
				t.Parallel()
				err := replay(t, file, change)
				if err == nil || !strings.Contains(err.Error(), nondeterministic) {
					t.Errorf("it replays as if nothing had changed: %v", err)
				}
			})
		}
	}
}

// change runs the body of a workflow, and something beside it.
type change func(ctx workflow.Context, body func() (any, error)) (any, error)

// replay runs the workflow of a history, with a change to it that may be nil.
func replay(t *testing.T, file string, change change) error {
	t.Helper()
	options := sdk.WorkflowReplayerOptions{}
	if change != nil {
		options.Interceptors = []interceptor.WorkerInterceptor{&changing{change: change}}
	}
	replayer, err := sdk.NewWorkflowReplayerWithOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	register(replayer)
	return replayer.ReplayWorkflowHistoryFromJSONFile(nil, file)
}

// changing puts a change around every workflow.
type changing struct {
	interceptor.WorkerInterceptorBase
	interceptor.WorkflowInboundInterceptorBase
	change change
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (c *changing) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &changing{
		WorkflowInboundInterceptorBase: interceptor.WorkflowInboundInterceptorBase{Next: next}, change: c.change,
	}
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (c *changing) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	return c.change(ctx, func() (any, error) { return c.Next.ExecuteWorkflow(ctx, in) })
}
