package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// ErrUnknownRun is returned for the id of a run that does not exist.
var ErrUnknownRun = errors.New("there is no such run")

// Run is a load of the lake and the warehouse, as it is shown to people and programs.
type Run struct {
	ID                 uuid.UUID   `json:"id"`
	Interval           RunInterval `json:"interval" doc:"The UTC days it loads: from the first, inclusive, to the last, exclusive."`
	Attempt            int32       `json:"attempt" doc:"Of the runs of the same days."`
	Execution          int32       `json:"execution" doc:"1 for the run itself, 2 and up for its replays."`
	Scope              string      `json:"scope" enum:"all,facts" doc:"Facts alone are loaded by the runs of a backfill, but for the last."`
	Trigger            string      `json:"trigger" enum:"manual,schedule,backfill"`
	State              string      `json:"state" enum:"running,succeeded,failed,cancelled,rolled_back"`
	WorkflowID         string      `json:"workflow_id" doc:"Of its last execution."`
	Rows               *int64      `json:"rows_published" doc:"By its last publish that changed something; null when nothing was published."`
	Error              *string     `json:"error" doc:"Why it failed."`
	Note               *string     `json:"note" doc:"What to know though it succeeded: which metric tables show a later day, stay as they are and are without what it has changed, and what to do. Null when there is nothing."`
	StartedAt          time.Time   `json:"started_at"`
	ExecutionStartedAt time.Time   `json:"execution_started_at" doc:"When the run, or its last replay, began."`
	FinishedAt         *time.Time  `json:"finished_at"`
	ExtractedAt        *time.Time  `json:"extracted_at" doc:"When the snapshot of the shop was taken that it was made from; a replay has the same. Null until the extract has ended."`
	WaitsFor           *string     `json:"waits_for" doc:"The maintenance that keeps its execution from the first step, see /api/etl/maintenance; null when it does not wait."`
	PrunedAt           *time.Time  `json:"pruned_at" doc:"Since when its files are removed from the lake, because they are older than is kept: it cannot be replayed. Null while they are there."`
	Steps              []RunStep   `json:"steps" doc:"Of each step the last execution that has it."`

	WorkflowRunID string `json:"-"` // tells the execution of the workflow from others with its id; "" where there are none
	RollingBack   bool   `json:"-"` // what runs is a rollback of it
}

// RunInterval is the days a run loads, UTC: the first inclusive, the second exclusive.
type RunInterval struct {
	From string `json:"from" format:"date"`
	To   string `json:"to" format:"date"`
}

// RunStep is a step of a run, of one table or, where Table is empty, of all.
type RunStep struct {
	Execution    int32   `json:"execution" doc:"1 for the run itself, 2 and up for its replays."`
	Step         string  `json:"step" enum:"extract,clean,work,gold,stage,reconcile,publish"`
	Table        string  `json:"table" doc:"Empty for a step that is about all tables."`
	State        string  `json:"state" enum:"running,succeeded,failed,cancelled,skipped"`
	RowsIn       int64   `json:"rows_in"`
	RowsOut      int64   `json:"rows_out"`
	RowsRejected int64   `json:"rows_rejected" doc:"Rows that went to quarantine."`
	Bytes        int64   `json:"bytes"`
	Seconds      float64 `json:"seconds" doc:"Until now, while it runs."`
	Tries        int32   `json:"tries" doc:"How often it was tried."`
	Error        *string `json:"error" doc:"Of the last try that failed."`
	Note         string  `json:"note" doc:"One line for people."`
}

// Runs lists the latest runs, newest first.
func (db *DB) Runs(ctx context.Context, most int) ([]Run, error) {
	rows, err := db.LatestRuns(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return db.withSteps(ctx, rows)
}

// RunsBefore lists a page of runs, newest first.
func (db *DB) RunsBefore(ctx context.Context, page shopdb.ListRunsParams) ([]Run, error) {
	rows, err := db.ListRuns(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return db.withSteps(ctx, rows)
}

// Run returns a run, or ErrUnknownRun.
func (db *DB) Run(ctx context.Context, id uuid.UUID) (*Run, error) {
	row, err := db.RunByID(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("run %s: %w", id, ErrUnknownRun)
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", id, err)
	}
	runs, err := db.withSteps(ctx, []shopdb.EtlRun{row})
	if err != nil {
		return nil, err
	}
	return &runs[0], nil
}

func (db *DB) withSteps(ctx context.Context, rows []shopdb.EtlRun) ([]Run, error) {
	runs := make([]Run, len(rows))
	at := map[uuid.UUID]int{}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i], at[row.ID] = row.ID, i
		runs[i] = Run{
			ID:       row.ID,
			Interval: RunInterval{From: row.IntervalFrom.Format(time.DateOnly), To: row.IntervalTo.Format(time.DateOnly)},
			Attempt:  row.Attempt, Execution: row.Execution, Scope: row.Scope, Trigger: row.Trigger, State: row.State, WorkflowID: row.WorkflowID,
			Rows: row.RowsPublished, Error: row.Error, Note: row.Note, StartedAt: row.StartedAt.UTC(),
			ExecutionStartedAt: row.ExecutionStartedAt.UTC(), WaitsFor: row.WaitsFor, Steps: []RunStep{},
			RollingBack: row.StateBefore != nil,
		}
		if row.WorkflowRunID != nil {
			runs[i].WorkflowRunID = *row.WorkflowRunID
		}
		if row.FinishedAt != nil {
			finished := row.FinishedAt.UTC()
			runs[i].FinishedAt = &finished
		}
		if row.ExtractedAt != nil {
			extracted := row.ExtractedAt.UTC()
			runs[i].ExtractedAt = &extracted
		}
		if row.PrunedAt != nil {
			pruned := row.PrunedAt.UTC()
			runs[i].PrunedAt = &pruned
		}
	}
	steps, err := db.StepsOfRuns(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("steps of runs: %w", err)
	}
	for _, step := range steps {
		end := time.Now()
		if step.FinishedAt != nil {
			end = *step.FinishedAt
		}
		run := &runs[at[step.RunID]]
		run.Steps = append(run.Steps, RunStep{
			Execution: step.Execution, Step: step.Step, Table: step.TableName, State: step.State,
			RowsIn: step.RowsIn, RowsOut: step.RowsOut, RowsRejected: step.RowsRejected, Bytes: step.Bytes,
			Seconds: end.Sub(step.StartedAt).Round(time.Millisecond).Seconds(), Tries: step.Tries, Error: step.Error, Note: step.Note,
		})
	}
	return runs, nil
}
