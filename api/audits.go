package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/audit"
	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// audits serves the audit: what was found, and a new one.
func (a *API) audits() {
	const path = "/api/admin/audit"
	register(a, operation{
		id: "list-audits", method: http.MethodGet, path: path,
		summary: "List audits, newest first", tag: "operations",
		permission: auth.RunAudit, problems: []code{invalidCursor},
	}, a.listAudits)
	register(a, operation{
		id: "get-audit", method: http.MethodGet, path: path + "/{id}",
		summary: "Show an audit with the differences it has found", tag: "operations",
		permission: auth.RunAudit, problems: []code{notFound},
	}, a.getAudit)
	register(a, operation{
		id: "start-audit", method: http.MethodPost, path: path,
		summary: "Prove that stock and money add up", tag: "operations", status: http.StatusAccepted,
		about:      "Answers with the audit that was started, or with the one that runs already; Location says where it will tell.",
		permission: auth.RunAudit,
	}, a.startAudit)
}

// AuditRun is one audit, as it is shown.
type AuditRun struct {
	ID          uuid.UUID  `json:"id"`
	Trigger     string     `json:"trigger" enum:"manual,schedule,command"`
	State       string     `json:"state" enum:"running,clean,differences,failed"`
	Differences int64      `json:"differences" doc:"All of them, of all checks."`
	Error       *string    `json:"error" doc:"Why it could not be made; null when it could."`
	StartedAt   time.Time  `json:"started_at"`
	SnapshotAt  *time.Time `json:"snapshot_at" doc:"The moment it looked at."`
	FinishedAt  *time.Time `json:"finished_at"`
	Links       auditLinks `json:"links"`
}

type auditLinks struct {
	Self     string `json:"self"`
	Workflow string `json:"workflow,omitempty" doc:"Its history in the Temporal UI; absent for one of the command line or the schedule."`
}

type auditResult struct {
	Check       string            `json:"check"`
	Severity    string            `json:"severity" enum:"error,warn"`
	Subject     string            `json:"subject" doc:"What subject_id names: order, product, payment, cart, …"`
	Proves      string            `json:"proves"`
	Differences int64             `json:"differences" doc:"All of them; found has the first hundred."`
	Seconds     float64           `json:"seconds"`
	Found       []auditDifference `json:"found"`
}

type auditDifference struct {
	SubjectID string          `json:"subject_id"`
	Details   json.RawMessage `json:"details"`
}

func (a *API) auditRunOf(run shopdb.AuditRun) AuditRun {
	shown := AuditRun{
		ID: run.ID, Trigger: run.Trigger, State: run.State, Differences: run.Differences, Error: run.Error,
		StartedAt: run.StartedAt.UTC(), SnapshotAt: run.SnapshotAt, FinishedAt: run.FinishedAt,
		Links: auditLinks{Self: "/api/admin/audit/" + run.ID.String()},
	}
	if run.Trigger == audit.Manual {
		shown.Links.Workflow = a.historyOf(workflows.AuditID(run.ID))
	}
	return shown
}

type auditsInput struct {
	Page
}

type auditsOutput struct {
	Body List[AuditRun]
}

func (a *API) listAudits(ctx context.Context, in *auditsInput) (*auditsOutput, error) {
	var before *uuid.UUID
	if err := in.after(&before); err != nil {
		return nil, err
	}
	rows, err := a.DB.ListAudits(ctx, shopdb.ListAuditsParams{Before: before, Page: in.fetch()})
	if err != nil {
		return nil, err
	}
	return &auditsOutput{paged(in.Page, rows, a.auditRunOf, func(run shopdb.AuditRun) any { return run.ID })}, nil
}

type auditByID struct {
	ID uuid.UUID `path:"id"`
}

type auditOutput struct {
	Body struct {
		AuditRun
		Results []auditResult `json:"results" doc:"Empty while the audit runs."`
	} `nameHint:"Audit"`
}

func (a *API) getAudit(ctx context.Context, in *auditByID) (*auditOutput, error) {
	report, err := a.DB.FindAudit(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &auditOutput{}
	out.Body.AuditRun = a.auditRunOf(report.AuditRun)
	out.Body.Results = resultsOf(report)
	return out, nil
}

func resultsOf(report store.AuditReport) []auditResult {
	results := make([]auditResult, len(report.Results))
	for i, row := range report.Results {
		results[i] = auditResult{
			Check: row.CheckName, Severity: row.Severity, Subject: row.Subject, Proves: row.Proves,
			Differences: row.Differences, Seconds: row.Seconds, Found: []auditDifference{},
		}
		for _, found := range report.Differences[row.CheckName] {
			results[i].Found = append(results[i].Found, auditDifference{found.SubjectID, found.Details})
		}
	}
	return results
}

type startedAudit struct {
	Location string `header:"Location"`
	Body     AuditRun
}

func (a *API) startAudit(ctx context.Context, _ *struct{}) (*startedAudit, error) {
	run, err := a.DB.RunningAudit(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		run, err = a.newAudit(ctx)
	}
	if err != nil {
		return nil, err
	}
	shown := a.auditRunOf(run)
	return &startedAudit{Location: shown.Links.Self, Body: shown}, nil
}

func (a *API) newAudit(ctx context.Context) (shopdb.AuditRun, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return shopdb.AuditRun{}, err
	}
	if err := audit.Begin(ctx, a.DB, id, audit.Manual); err != nil {
		return shopdb.AuditRun{}, err
	}
	if err := workflows.StartAudit(ctx, a.Temporal, a.Workflow.TaskQueuePrefix+workflows.OperationsQueue, id); err != nil {
		return shopdb.AuditRun{}, errors.Join(err, audit.Fail(context.WithoutCancel(ctx), a.DB, id, "Temporal did not take it"))
	}
	return a.DB.Audit(ctx, id)
}
