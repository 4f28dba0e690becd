package etl

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"

	"mercado/internal/store/shopdb"
)

// Report is what became of a step, of one table or of all.
type Report struct {
	Step         Step      `json:"step"`
	Table        string    `json:"table"` // "" for a step that is about all of them
	State        string    `json:"state"` // running, succeeded, failed, cancelled or skipped
	RowsIn       int64     `json:"rows_in"`
	RowsOut      int64     `json:"rows_out"`
	RowsRejected int64     `json:"rows_rejected"`
	Bytes        int64     `json:"bytes"`
	Tries        int       `json:"tries"`
	Error        string    `json:"error"` // one line
	StartedAt    time.Time `json:"started_at"`
	FinishedAt   time.Time `json:"finished_at"` // zero while running
	Note         string    `json:"note"`        // one line for people

	// Unshown says which tables do not show what the run has published, and what to do; "" when all do.
	Unshown string `json:"unshown,omitempty"`
}

// States of a step.
const (
	Running   = "running"
	Succeeded = "succeeded"
	Failed    = "failed"
	Cancelled = "cancelled"
	Skipped   = "skipped"
)

// recordTimeout bounds the reports a step makes of itself. They are for those who watch: a step
// does not fail because one is lost, and the end of the run makes all of them again.
const recordTimeout = 2 * time.Second

// begin reports that a step runs, and returns the report to finish.
func (a *Activities) begin(ctx context.Context, run Run, step Step, table string) *Report {
	report := &Report{
		Step: step, Table: table, State: Running,
		Tries: int(activity.GetInfo(ctx).Attempt), StartedAt: time.Now().UTC(),
	}
	a.report(ctx, run, report)
	return report
}

// end completes the report of a step that succeeded. Otherwise it records what went wrong with
// this try, and turns err into what the workflow decides on.
func (a *Activities) end(ctx context.Context, run Run, report *Report, err error) (*Report, error) {
	if err != nil {
		err = a.advise(err)
		report.Error = OneLine(err.Error())
		a.report(context.WithoutCancel(ctx), run, report)
		return nil, classifyOfRun(err)
	}
	if report.State == Running {
		report.State = Succeeded
	}
	report.FinishedAt = time.Now().UTC()
	a.report(ctx, run, report)
	return report, nil
}

func (a *Activities) report(ctx context.Context, run Run, report *Report) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if err := a.Shop.RecordStep(ctx, report.row(run)); err != nil {
		slog.WarnContext(ctx, "step not recorded yet", "run", run.ID, "step", report.Step, "table", report.Table, "error", err)
	}
}

func (r *Report) row(run Run) shopdb.RecordStepParams {
	row := shopdb.RecordStepParams{
		RunID: run.ID, Execution: int32(run.Execution), Step: string(r.Step), TableName: r.Table,
		State: r.State, RowsIn: r.RowsIn, RowsOut: r.RowsOut, RowsRejected: r.RowsRejected, Bytes: r.Bytes,
		Tries: int32(r.Tries), Note: r.Note, StartedAt: r.StartedAt,
	}
	if r.Error != "" {
		row.Error = &r.Error
	}
	if !r.FinishedAt.IsZero() {
		row.FinishedAt = &r.FinishedAt
	}
	return row
}
