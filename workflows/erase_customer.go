package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"mercado/activities/etl"
)

// EraseInput says whom EraseCustomer erases, by the number alone.
type EraseInput struct {
	CustomerID int64 `json:"customer_id"`
	Tries      int   `json:"tries"` // of a step, as long as nothing has been erased
}

// Erased is how far an erasure is: what the query ErasureQuery answers, and its result.
type Erased struct {
	CustomerID int64                `json:"customer_id"`
	Now        string               `json:"now"` // what it does or waits for; "" once it has ended
	Tables     []*etl.ErasedTable   `json:"tables"`
	Manifests  *etl.ErasedManifests `json:"manifests"`
	Warehouse  *etl.ErasedWarehouse `json:"warehouse"`
	Search     *etl.Search          `json:"search"` // what was found in the end
}

// Objects is how many parts were written anew.
func (e *Erased) Objects() (rewritten int) {
	for _, table := range e.Tables {
		rewritten += table.Rewritten
	}
	return rewritten
}

// Missing are parts that manifests name and that are not there.
func (e *Erased) Missing() (objects []string) {
	for _, table := range e.Tables {
		objects = append(objects, table.Missing...)
	}
	return objects
}

// ErasureQuery is the query that an erasure answers with its Erased.
const ErasureQuery = "progress"

// EraseCustomer makes a customer nobody: in the shop, in all that runs have written to the lake, whatever run and
// zone, and in the warehouse. Runs that had begun are waited for; others wait for its end. From the moment the shop
// is told to forget the customer it is not cancelled any more, and goes on until the lake has forgotten as well. In the
// end it looks whether anything is left, and fails when there is.
func EraseCustomer(ctx workflow.Context, input EraseInput) (*Erased, error) {
	e := &eraseCustomer{input: input, done: Erased{CustomerID: input.CustomerID, Tables: []*etl.ErasedTable{}}}
	e.request = etl.ErasureRequest{CustomerID: input.CustomerID, WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID}
	if err := workflow.SetQueryHandler(ctx, ErasureQuery, func() (Erased, error) { return e.done, nil }); err != nil {
		return nil, err
	}
	refusal := e.begin(ctx)
	ctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if refusal == nil {
		refusal = e.anonymise(ctx)
	}
	if refusal != nil {
		held, err := e.end(ctx, etl.Abandoned)
		if err != nil {
			return nil, err
		}
		if held {
			return nil, e.half(refusal)
		}
		return nil, refusal
	}
	if err := e.erase(ctx); err != nil {
		return nil, e.half(err)
	}
	outcome, problems := etl.Complete, e.problems()
	if problems != nil {
		outcome = etl.Incomplete
	}
	if _, err := e.end(ctx, outcome); err != nil {
		return nil, err
	}
	if problems != nil {
		return nil, temporal.NewNonRetryableApplicationError("not all is erased: "+strings.Join(problems, "; "), "ErasureIncomplete", nil)
	}
	return &e.done, nil
}

type eraseCustomer struct {
	input   EraseInput
	request etl.ErasureRequest
	plan    etl.ErasurePlan
	done    Erased
}

// half tells that the shop may have forgotten the customer and the lake has not.
func (e *eraseCustomer) half(err error) error {
	if temporal.IsCanceledError(err) { // or nobody is told the rest
		err = errors.New("cancelled while it waited")
	}
	return fmt.Errorf("half erased: loads wait until the erasure of customer %d was asked for again: %w", e.input.CustomerID, err)
}

// begin waits its turn, with runs kept waiting. A try that is at work when the erasure is cancelled ends first: what it
// has taken is given back.
func (e *eraseCustomer) begin(ctx workflow.Context) error {
	e.now(ctx, "beginning")
	err := unheld(ctx, func() (string, error) {
		e.plan = etl.ErasurePlan{}
		options := workflow.GetActivityOptions(bookkeeping(ctx, "keep runs from beginning", e.input.Tries))
		options.WaitForCancellation = true
		begin := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), etlSteps.BeginErasure, e.request)
		err := begin.Get(ctx, &e.plan)
		e.done.Now = "waiting for the end of " + e.plan.WaitsFor
		return e.plan.WaitsFor, err
	})
	if err != nil {
		return err
	}
	return ctx.Err()
}

// anonymise has the shop forget the customer, or refuse to. What became of a try that failed otherwise nobody knows, so
// it is tried again.
func (e *eraseCustomer) anonymise(ctx workflow.Context) error {
	e.now(ctx, "erasing from the shop")
	patient := &dailyETL{input: ETLInput{Tries: untilDone}}
	return workflow.ExecuteActivity(patient.working(ctx, "make the customer nobody in the shop"), etlSteps.Anonymise, e.request).Get(ctx, nil)
}

// erase tries each step until it succeeds: half an erasure is none.
func (e *eraseCustomer) erase(ctx workflow.Context) error {
	patient := &dailyETL{input: ETLInput{Tries: untilDone}}
	futures := make([]workflow.Future, len(e.plan.Tables))
	for i, table := range e.plan.Tables {
		step := etl.ErasureTableStep{Request: e.request, Table: table}
		futures[i] = workflow.ExecuteActivity(patient.working(ctx, fmt.Sprintf("erase from %s.%s", table.Zone, table.Table)), etlSteps.EraseTable, step)
	}
	for _, future := range futures {
		e.now(ctx, "erasing from the lake")
		var table *etl.ErasedTable
		if err := future.Get(ctx, &table); err != nil {
			return err
		}
		e.done.Tables = append(e.done.Tables, table)
	}
	for _, step := range []struct {
		now, summary string
		do, into     any
	}{
		{"writing manifests", "have manifests name what parts have become", etlSteps.EraseManifests, &e.done.Manifests},
		{"erasing from the warehouse", "put the customer's rows in the warehouse as zone gold has them", etlSteps.EraseWarehouse, &e.done.Warehouse},
		{"searching", "look whether anything is left", etlSteps.SearchErased, &e.done.Search},
	} {
		e.now(ctx, step.now)
		if err := workflow.ExecuteActivity(patient.working(ctx, step.summary), step.do, e.request).Get(ctx, step.into); err != nil {
			return err
		}
	}
	return nil
}

// end lets runs begin again, however long that takes. held is true when they go on waiting.
func (e *eraseCustomer) end(ctx workflow.Context, outcome etl.ErasureOutcome) (held bool, err error) {
	e.now(ctx, "ending")
	end := workflow.ExecuteActivity(bookkeeping(ctx, "let runs begin again", untilDone), etlSteps.EndErasure, etl.ErasureEnd{Request: e.request, Outcome: outcome})
	err = end.Get(ctx, &held)
	e.done.Now = ""
	return held, err
}

// untilDone is so many tries of a step that it succeeds.
const untilDone = 0

// problems are what was left, nil when nothing was.
func (e *eraseCustomer) problems() []string {
	var problems []string
	for _, table := range e.done.Tables {
		problems = append(problems, table.Problems...)
	}
	problems = slices.Concat(problems, e.done.Manifests.Problems, e.done.Warehouse.Problems)
	for _, unread := range e.done.Search.Unread {
		if !slices.Contains(problems, unread) {
			problems = append(problems, unread)
		}
	}
	for _, found := range e.done.Search.Remains {
		problems = append(problems, fmt.Sprintf("%s still has the customer's %s in %d rows", found.Place, found.What, found.Rows))
	}
	return problems
}

// now tells an operator in the Temporal UI where the erasure is.
func (e *eraseCustomer) now(ctx workflow.Context, line string) {
	e.done.Now = line
	text := fmt.Sprintf("Customer %d: %s.\n\n", e.input.CustomerID, line)
	for _, table := range e.done.Tables {
		text += fmt.Sprintf("- %s.%s: %d of %d parts written anew\n", table.Zone, table.Table, table.Rewritten, table.Parts)
	}
	workflow.SetCurrentDetails(ctx, text)
}

// EraseID is the id of the workflow that erases a customer, for all who work on a queue.
func EraseID(queue string, customer int64) string {
	return fmt.Sprintf("%s/erase/customer-%d", queue, customer)
}

// StartErase starts an erasure in queue, or finds the one of the same customer that is under way.
func StartErase(ctx context.Context, c client.Client, queue string, input EraseInput) (client.WorkflowRun, error) {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: EraseID(queue, input.CustomerID), TaskQueue: queue, StaticSummary: fmt.Sprintf("erase customer %d", input.CustomerID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, EraseCustomer, input)
	if err != nil {
		return nil, fmt.Errorf("start the erasure of customer %d: %w", input.CustomerID, err)
	}
	return run, nil
}
