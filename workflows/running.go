package workflows

import (
	"context"
	"fmt"
	"strings"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// mostListed is how many workflows Temporal lists in one answer at most.
const mostListed = 1000

// Running tells which of some workflows run, at most 1000 of them, in one request. Temporal's list is a
// little behind: one that has just begun or ended may be wrong in it.
func Running(ctx context.Context, c client.Client, ids []string) (map[string]bool, error) {
	running := make(map[string]bool, len(ids))
	if len(ids) == 0 {
		return running, nil
	}
	listed, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: mostListed,
		Query:    "ExecutionStatus = 'Running' and WorkflowId in ('" + strings.Join(ids, "', '") + "')",
	})
	if err != nil {
		return nil, fmt.Errorf("list running workflows: %w", err)
	}
	for _, execution := range listed.GetExecutions() {
		running[execution.GetExecution().GetWorkflowId()] = true
	}
	return running, nil
}
