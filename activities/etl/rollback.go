package etl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store/shopdb"
	"mercado/internal/warehouse"
)

// RolledBack is the state of a run of which nothing stands any more.
const RolledBack = "rolled_back"

// RollbackRequest says which publishes are to be undone.
type RollbackRequest struct {
	RunID      *uuid.UUID `json:"run_id"`     // whose publish; nil for the latest
	WithNewer  bool       `json:"with_newer"` // undo those that came later first
	WorkflowID string     `json:"workflow_id"`
	At         time.Time  `json:"at"`

	WorkflowRunID string `json:"workflow_run_id"` // tells it from other rollbacks: all have one workflow id
}

// RollbackPlan is what a rollback does. It goes on record as an execution of the run.
type RollbackPlan struct {
	WaitsFor string `json:"waits_for,omitempty"` // maintenance that must end before it may begin: ask again

	Run     Run         `json:"run"`
	Numbers []int64     `json:"numbers"` // of the publishes to undo, the latest first
	Runs    []uuid.UUID `json:"runs"`    // that have made them
	Tables  []string    `json:"tables"`  // to put back
}

// BeginRollback finds what is to be undone, and records that it begins. While maintenance holds runs the
// plan says so, and nothing is recorded.
func (a *Activities) BeginRollback(ctx context.Context, request RollbackRequest) (*RollbackPlan, error) {
	plan, err := a.planRollback(ctx, request)
	return plan, classify(err)
}

// planRollback looks at the warehouse once more while runs are locked. Once the run is on record as under
// way, what stood before its publish is not forgotten: see giveUp. The latest publish may be another by now than it
// was to a try whose answer was lost: what that one has recorded counts.
func (a *Activities) planRollback(ctx context.Context, request RollbackRequest) (*RollbackPlan, error) {
	begun, err := a.Shop.RunRolledBackBy(ctx, request.WorkflowRunID)
	if err == nil {
		request.RunID = &begun.ID
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("look whether the rollback has begun: %w", err)
	}
	plan, err := a.toUndo(ctx, request)
	if err != nil {
		return nil, err
	}
	return plan, a.recordRollback(ctx, request, plan)
}

func (a *Activities) toUndo(ctx context.Context, request RollbackRequest) (*RollbackPlan, error) {
	publishes, err := a.Warehouse.ToUndo(ctx, request.RunID, request.WithNewer)
	if err != nil {
		return nil, err
	}
	plan := &RollbackPlan{Run: Run{ID: publishes[len(publishes)-1].RunID}}
	for _, publish := range publishes {
		plan.Numbers = append(plan.Numbers, publish.Number)
		if !slices.Contains(plan.Runs, publish.RunID) {
			plan.Runs = append(plan.Runs, publish.RunID)
		}
	}
	before, err := a.Warehouse.BeforePublishes(ctx, plan.Numbers)
	if err != nil {
		return nil, err
	}
	for _, m := range a.Models.Zone(lake.Gold) {
		// Rows that are added and never taken away stay.
		if _, changed := before[m.Name]; changed && !m.Upsert {
			plan.Tables = append(plan.Tables, m.Name)
		}
	}
	return plan, nil
}

func (a *Activities) recordRollback(ctx context.Context, request RollbackRequest, plan *RollbackPlan) error {
	err := a.Shop.InTx(ctx, func(queries *shopdb.Queries) (err error) {
		if err := queries.LockRuns(ctx); err != nil {
			return err
		}
		held, err := queries.HeldNow(ctx)
		if !errors.Is(err, pgx.ErrNoRows) {
			plan.WaitsFor = held
			return err
		}
		if _, err := a.Warehouse.ToUndo(ctx, &plan.Run.ID, true); err != nil {
			return err // forgotten meanwhile
		}
		begun, err := queries.BeginRollback(ctx, shopdb.BeginRollbackParams{
			ID: plan.Run.ID, WorkflowID: request.WorkflowID, WorkflowRunID: request.WorkflowRunID, StartedAt: request.At,
		})
		if err != nil {
			return err
		}
		plan.Run.Execution = int(begun.Execution)
		plan.Run.Interval = lake.Span{From: lake.DayOf(begun.IntervalFrom), To: lake.DayOf(begun.IntervalTo)}
		return nil
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return &BadRequest{Problem: fmt.Sprintf("run %s is under way, or not on record: wait for its end, or cancel it first", plan.Run.ID)}
	}
	return err
}

// RollbackTable is a table to put back.
type RollbackTable struct {
	Plan  RollbackPlan `json:"plan"`
	Table string       `json:"table"`
}

// StageRollback loads what stood of a table before, from zone gold, into its staging table.
func (a *Activities) StageRollback(ctx context.Context, step RollbackTable) (*Report, error) {
	report := a.begin(ctx, step.Plan.Run, Stage, step.Table)
	say, stop := beat(ctx)
	defer stop()
	err := a.stageBefore(ctx, step, report, say)
	report.Note = fmt.Sprintf("%d rows of what stood before", report.RowsOut)
	return a.end(ctx, step.Plan.Run, report, err)
}

func (a *Activities) stageBefore(ctx context.Context, step RollbackTable, report *Report, say func(string)) error {
	m, err := a.model(lake.Gold, step.Table)
	if err != nil {
		return err
	}
	tables, err := a.Warehouse.BeforePublishes(ctx, step.Plan.Numbers)
	if err != nil {
		return err
	}
	if err := a.Warehouse.EmptyStaging(ctx, m.Name, step.Plan.Run.ID, step.Plan.Run.Execution); err != nil {
		return err
	}
	for _, source := range tables[m.Name].Sources {
		if err := a.stageSource(ctx, m, step.Plan.Run, source, report, say); err != nil {
			return err
		}
	}
	staged, err := a.Warehouse.Staged(ctx, m.Name, step.Plan.Run.ID, step.Plan.Run.Execution, m.Totals, m.Subject != "")
	report.RowsOut = staged.Total().Rows
	return err
}

// stageSource stages the days that are to stand of what a run has made, or all of a table written whole.
func (a *Activities) stageSource(ctx context.Context, m *model.Model, run Run, source warehouse.Source, report *Report, say func(string)) (err error) {
	manifest, err := a.Store.Manifest(ctx, lake.Output{
		Zone: lake.Gold, Table: m.Name, RunID: source.RunID.String(), Execution: source.Execution,
	})
	if err != nil {
		return err
	}
	chosen, err := partsOf(m, manifest, source.Spans())
	if err != nil {
		return err
	}
	var parts []lake.Part
	for _, part := range chosen {
		parts = append(parts, part.Part)
		report.Bytes += part.Size
	}
	if len(parts) == 0 {
		return nil // days on which there was nothing
	}
	folder, remove, err := a.scratchFolder("rollback-" + m.Name + "-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	say(fmt.Sprintf("downloading what run %s has made", source.RunID))
	files, err := download(ctx, a.Store, lake.Gold, parts, filepath.Join(folder, "in"))
	if err != nil {
		return err
	}
	held := lake.Total(parts)
	report.RowsIn += held.Rows
	progress := func(rows int64) { say(fmt.Sprintf("%d rows of run %s loaded", rows, source.RunID)) }
	if m.Subject != "" {
		return a.Warehouse.StageDays(ctx, m.Name, run.ID, run.Execution, source.Days, files, held, progress)
	}
	if _, err := a.Warehouse.Stage(ctx, m.Name, run.ID, run.Execution, files, progress); err != nil {
		return err
	}
	return a.Warehouse.Holds(ctx, m.Name, run.ID, run.Execution, held)
}

// ReconcileRollback records what is staged, for the publish to compare with. Each file was compared
// with its manifest when it was staged.
func (a *Activities) ReconcileRollback(ctx context.Context, plan RollbackPlan) (*Report, error) {
	report := a.begin(ctx, plan.Run, Reconcile, "")
	_, stop := beat(ctx)
	defer stop()
	for _, table := range plan.Tables {
		m, err := a.model(lake.Gold, table)
		if err != nil {
			return a.end(ctx, plan.Run, report, err)
		}
		staged, err := a.Warehouse.Staged(ctx, table, plan.Run.ID, plan.Run.Execution, m.Totals, m.Subject != "")
		if err == nil {
			err = a.Warehouse.Reconciled(ctx, table, plan.Run.ID, plan.Run.Execution, staged)
		}
		if err != nil {
			return a.end(ctx, plan.Run, report, err)
		}
		report.RowsOut += staged.Total().Rows
	}
	report.Note = fmt.Sprintf("%d tables, %d rows to put back", len(plan.Tables), report.RowsOut)
	return a.end(ctx, plan.Run, report, nil)
}

// PublishRollback puts everything back in one transaction, unless the rollback was ended meanwhile.
func (a *Activities) PublishRollback(ctx context.Context, plan RollbackPlan) (*Report, error) {
	report := a.begin(ctx, plan.Run, Publish, "")
	_, stop := beat(ctx)
	defer stop()
	if err := a.current(ctx, plan.Run); err != nil {
		return a.end(ctx, plan.Run, report, err)
	}
	undoing := warehouse.Undoing{RunID: plan.Run.ID, Execution: plan.Run.Execution, Numbers: plan.Numbers}
	for _, m := range a.Models.Zone(lake.Gold) {
		undoing.Tables = append(undoing.Tables, warehouse.PublishedTable{Name: m.Name, Facts: m.Subject != "", Upsert: m.Upsert})
	}
	done, err := a.Warehouse.Rollback(ctx, undoing)
	report.RowsOut = done.Rows
	report.Note = fmt.Sprintf("%d publishes undone: %d rows, %d days of facts put back", len(plan.Numbers), done.Rows, done.Days)
	return a.end(ctx, plan.Run, report, err)
}
