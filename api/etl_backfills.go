package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/runs"
)

const backfillsPath = "/api/etl/backfills"

// etlBackfills serves loads of many days.
func (a *API) etlBackfills() {
	register(a, operation{
		id: "start-backfill", method: http.MethodPost, path: backfillsPath,
		summary: "Load many days, month by month", tag: "etl", status: http.StatusAccepted,
		about: "A run for each calendar month of the days from `from`, inclusive, to `to`, exclusive, of the zone `tz`, `parallel` of them at " +
			"once; the last comes after all others and makes the metrics. A month that fails does not keep the others from being loaded. Asked for " +
			"while it is under way, it is the one that is; asked for after it has failed or was cancelled, it goes on with the months that are missing; " +
			"after it has succeeded, or when the models are others by now, all is loaded anew. What backfills of other days have loaded is loaded again. It waits for a worker if there is none.",
		permission: auth.OperateRuns, problems: []code{invalidRange, backfillInProgress},
	}, a.startBackfill)
	register(a, operation{
		id: "get-backfill", method: http.MethodGet, path: backfillsPath + "/{id}",
		summary: "Show how far a load of many days is", tag: "etl",
		about:      "The latest of these days. Temporal keeps it, for 30 days after its end.",
		permission: auth.ReadRuns, problems: []code{notFound},
	}, a.getBackfill)
	register(a, operation{
		id: "cancel-backfill", method: http.MethodPost, path: backfillsPath + "/{id}/cancel",
		summary: "End a load of many days", tag: "etl", status: http.StatusAccepted,
		about:      "The runs of it that are under way end as cancelled; what others of it have published stays.",
		permission: auth.OperateRuns, problems: []code{notFound, backfillEnded},
	}, a.cancelBackfill)
}

// ETLBackfill is a load of many days.
type ETLBackfill struct {
	ID         string            `json:"id" doc:"Its days: the first and the one after the last."`
	Interval   store.RunInterval `json:"interval" doc:"The UTC days it loads: from the first, inclusive, to the last, exclusive."`
	Parallel   int               `json:"parallel" doc:"Months loaded at once."`
	State      string            `json:"state" enum:"running,succeeded,failed,cancelled"`
	Error      *string           `json:"error" doc:"Why it failed, with each month that did."`
	StartedAt  time.Time         `json:"started_at"`
	FinishedAt *time.Time        `json:"finished_at"`
	Progress   *backfillProgress `json:"progress,omitempty" doc:"Absent while no worker can say."`
	Links      runLinks          `json:"links"`
}

type backfillProgress struct {
	Done   int             `json:"done" doc:"Months that an earlier backfill of exactly these days has loaded, which did not come to its end, with the same models: they are not loaded again."`
	Months []backfillMonth `json:"months" doc:"The others, in order."`
}

type backfillMonth struct {
	RunID    uuid.UUID         `json:"run_id" doc:"Of its run, which is there once it has begun."`
	Interval store.RunInterval `json:"interval"`
	State    string            `json:"state" enum:"waiting,running,succeeded,failed,cancelled"`
	Error    *string           `json:"error"`
	Note     *string           `json:"note" doc:"What to know though it succeeded, as its run has it."`
}

func (a *API) backfillOf(told *runs.BackfillTold) ETLBackfill {
	id := runs.BackfillID(told.Days)
	shown := ETLBackfill{
		ID: id, Interval: store.RunInterval{From: told.Days.From.String(), To: told.Days.To.String()},
		Parallel: told.Parallel, State: told.State, Error: text(told.Error), StartedAt: told.StartedAt, FinishedAt: told.FinishedAt,
		Links: runLinks{Self: backfillsPath + "/" + id, Workflow: a.historyOf(told.WorkflowID)},
	}
	if told.Progress != nil {
		shown.Progress = &backfillProgress{Done: told.Progress.Done, Months: []backfillMonth{}}
		for _, month := range told.Progress.Months {
			shown.Progress.Months = append(shown.Progress.Months, backfillMonth{
				RunID: month.RunID, Interval: store.RunInterval{From: month.Days.From.String(), To: month.Days.To.String()},
				State: month.State, Error: text(month.Error), Note: text(month.Note),
			})
		}
	}
	return shown
}

type startBackfillInput struct {
	Body struct {
		From     string `json:"from" format:"date" doc:"The first day, 2000-01-01 or later."`
		To       string `json:"to" format:"date" doc:"The day after the last."`
		TZ       string `json:"tz,omitempty" default:"UTC" maxLength:"64" doc:"The days' time zone, such as Europe/Lisbon."`
		Parallel int    `json:"parallel,omitempty" default:"2" minimum:"1" maximum:"16" doc:"How many months are loaded at once."`
	} `nameHint:"BackfillDays"`
}

type acceptedBackfill struct {
	Location string `header:"Location"`
	Body     ETLBackfill
}

func (a *API) startBackfill(ctx context.Context, in *startBackfillInput) (*acceptedBackfill, error) {
	days, err := runs.Days(in.Body.From, in.Body.To, in.Body.TZ, time.Now())
	if err != nil {
		return nil, explainRun(err)
	}
	told, err := a.runs.AskForBackfill(ctx, days, in.Body.Parallel)
	if errors.Is(err, runs.ErrBackfillDiffers) {
		return nil, problem(backfillInProgress, FieldProblem{"body.parallel", "want that of the backfill which is under way, or wait for its end"})
	}
	if err != nil {
		return nil, err
	}
	shown := a.backfillOf(told)
	return &acceptedBackfill{Location: shown.Links.Self, Body: shown}, nil
}

type backfillByID struct {
	ID string `path:"id" maxLength:"32" doc:"The first day and the one after the last." example:"2026-01-01_2026-04-01"`
}

type backfillOutput struct {
	Body ETLBackfill
}

func (a *API) getBackfill(ctx context.Context, in *backfillByID) (*backfillOutput, error) {
	days, err := runs.ParseBackfillID(in.ID)
	if err != nil {
		return nil, err
	}
	told, err := a.runs.TellBackfill(ctx, days)
	if err != nil {
		return nil, err
	}
	return &backfillOutput{a.backfillOf(told)}, nil
}

func (a *API) cancelBackfill(ctx context.Context, in *backfillByID) (*acceptedBackfill, error) {
	days, err := runs.ParseBackfillID(in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.runs.CancelBackfill(ctx, days); err != nil {
		return nil, err
	}
	told, err := a.runs.TellBackfill(ctx, days)
	if err != nil {
		return nil, err
	}
	shown := a.backfillOf(told)
	return &acceptedBackfill{Location: shown.Links.Self, Body: shown}, nil
}
