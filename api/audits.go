package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

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
		about: "Answers with the audit that was started, or with the one that runs already; Location says where it will tell. " +
			"With `provider=true` the payment provider is asked as well, about the payments that changed of late: so does the audit of every hour.",
		permission: auth.RunAudit,
	}, a.startAudit)
}

// AuditRun is one audit, as it is shown.
type AuditRun struct {
	ID          uuid.UUID  `json:"id"`
	Trigger     string     `json:"trigger" enum:"manual,schedule,command"`
	State       string     `json:"state" enum:"running,clean,differences,failed"`
	Differences int64      `json:"differences" doc:"All of them, of all checks."`
	Error       *string    `json:"error" doc:"Why it, or a part of it, could not be made; null when it could."`
	StartedAt   time.Time  `json:"started_at"`
	SnapshotAt  *time.Time `json:"snapshot_at" doc:"The moment it looked at."`
	FinishedAt  *time.Time `json:"finished_at"`
	Links       auditLinks `json:"links"`
}

type auditLinks struct {
	Self     string `json:"self"`
	Workflow string `json:"workflow,omitempty" doc:"Its history in the Temporal UI; absent for one of the command line."`
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
	if run.WorkflowID != nil {
		shown.Links.Workflow = a.historyOf(*run.WorkflowID)
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
		Results []auditResult `json:"results" doc:"While the audit runs, of the checks that have been made."`
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

type startAuditInput struct {
	Provider bool `query:"provider" doc:"Ask the payment provider as well."`
}

func (a *API) startAudit(ctx context.Context, in *startAuditInput) (*startedAudit, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	running, err := a.DB.BeginOrJoinAudit(ctx, shopdb.BeginOrJoinAuditParams{ID: id, WorkflowID: workflows.AuditID(id)})
	if err != nil {
		return nil, err
	}
	if running == id {
		queue := a.Workflow.TaskQueuePrefix + workflows.OperationsQueue
		if err := workflows.StartAudit(ctx, a.Temporal, queue, id, in.Provider); err != nil {
			return nil, errors.Join(err, audit.Fail(context.WithoutCancel(ctx), a.DB, id, "Temporal did not take it"))
		}
	}
	run, err := a.DB.Audit(ctx, running)
	if err != nil {
		return nil, err
	}
	shown := a.auditRunOf(run)
	return &startedAudit{Location: shown.Links.Self, Body: shown}, nil
}
