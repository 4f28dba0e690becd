package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/runs"
)

const runsPath = "/api/etl/runs"

// etlRuns serves the loads of the lake and the warehouse.
func (a *API) etlRuns() {
	register(a, operation{
		id: "list-runs", method: http.MethodGet, path: runsPath,
		summary: "List loads of the lake and the warehouse, newest first", tag: "etl",
		permission: auth.ReadRuns, problems: []code{invalidCursor},
	}, a.listRuns)
	register(a, operation{
		id: "get-run", method: http.MethodGet, path: runsPath + "/{id}",
		summary: "Show a load, step by step", tag: "etl",
		permission: auth.ReadRuns, problems: []code{notFound},
	}, a.getRun)
	register(a, operation{
		id: "start-run", method: http.MethodPost, path: runsPath,
		summary: "Load days again, or for the first time", tag: "etl", status: http.StatusAccepted,
		about: "A new run of the days from `from`, inclusive, to `to`, exclusive, of the zone `tz`: it loads the UTC days that hold them " +
			"whole. Without `to` it is one day, without either it is today. The run is in the list, as running, from now on; Location says where it tells " +
			"how far it is. It waits for a worker if there is none. A request that is sent again under its `Idempotency-Key` answers with the run it " +
			"has started before, as that is by then.",
		permission: auth.OperateRuns, problems: []code{invalidRange, idempotencyMismatch, idempotencyInFlight},
	}, a.startRun)
	register(a, operation{
		id: "replay-run", method: http.MethodPost, path: runsPath + "/{id}/replay",
		summary: "Do the steps of a load again", tag: "etl", status: http.StatusAccepted,
		about: "The steps from `from` on, from the files that the run has extracted, whatever the shop has become since. Reconcile and publish work on " +
			"staged tables, which are staged again. From `extract` it is a new run of the same days, and Location names that one. " +
			"Asking twice at once does it once: the second is refused as `run_in_progress`.",
		permission: auth.OperateRuns, problems: []code{notFound, runInProgress, runNotReplayable, runPruned},
	}, a.replayRun)
	register(a, operation{
		id: "roll-back-run", method: http.MethodPost, path: runsPath + "/{id}/rollback",
		summary: "Put back what stood before a load", tag: "etl", status: http.StatusAccepted,
		about: "Of the latest load that was published or, with `with_newer`, of one before it together with those since. All tables change at once; " +
			"the run is shown as running, and then as rolled_back.",
		permission: auth.OperateRuns, problems: []code{notFound, runInProgress, runNotRolledBack},
	}, a.rollBackRun)
	register(a, operation{
		id: "cancel-run", method: http.MethodPost, path: runsPath + "/{id}/cancel",
		summary: "End a load that is under way", tag: "etl", status: http.StatusAccepted,
		about:      "It ends a moment later as cancelled and publishes nothing, unless it has published by then; it can be replayed.",
		permission: auth.OperateRuns, problems: []code{notFound, runEnded},
	}, a.cancelRun)
}

// ETLRun is a load of the lake and the warehouse.
type ETLRun struct {
	store.Run
	Links runLinks `json:"links"`
}

type runLinks struct {
	Self     string `json:"self"`
	Workflow string `json:"workflow" doc:"Its history in the Temporal UI: that of its last execution."`
}

func (a *API) runOf(run store.Run) ETLRun {
	return ETLRun{Run: run, Links: runLinks{Self: runsPath + "/" + run.ID.String(), Workflow: a.historyOf(run.WorkflowID)}}
}

type runsInput struct {
	Page
	State optional[string] `query:"state" enum:"running,succeeded,failed,cancelled,rolled_back"`
	Day   optional[date]   `query:"day" doc:"Runs that load this UTC day."`
}

type runsOutput struct {
	Body List[ETLRun]
}

// runKey is what a page of runs starts after.
type runKey struct {
	At time.Time
	ID uuid.UUID
}

func (a *API) listRuns(ctx context.Context, in *runsInput) (*runsOutput, error) {
	page := shopdb.ListRunsParams{State: in.State.value(), Day: in.Day.value().time(), RowLimit: in.fetch()}
	var after *runKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		page.BeforeAt, page.BeforeID = &after.At, &after.ID
	}
	found, err := a.DB.RunsBefore(ctx, page)
	if err != nil {
		return nil, err
	}
	return &runsOutput{paged(in.Page, found, a.runOf, func(run store.Run) any { return runKey{run.StartedAt, run.ID} })}, nil
}

type runByID struct {
	ID uuid.UUID `path:"id"`
}

type runOutput struct {
	Body ETLRun
}

func (a *API) getRun(ctx context.Context, in *runByID) (*runOutput, error) {
	run, err := a.DB.Run(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &runOutput{a.runOf(*run)}, nil
}

// RunDays is the days that are asked to be loaded.
type RunDays struct {
	From string `json:"from,omitempty" format:"date" doc:"The first day, 2000-01-01 or later; today where it is left out."`
	To   string `json:"to,omitempty" format:"date" doc:"The day after the last; the day after from where it is left out."`
	TZ   string `json:"tz,omitempty" default:"UTC" maxLength:"64" doc:"The days' time zone, such as Europe/Lisbon."`
}

type startRunInput struct {
	MayIdempotencyKey
	Body RunDays
}

type acceptedRun struct {
	Location string `header:"Location"`
	Body     ETLRun
}

func (a *API) startRun(ctx context.Context, in *startRunInput) (*acceptedRun, error) {
	days, err := runs.Days(in.Body.From, in.Body.To, in.Body.TZ, time.Now())
	if err != nil {
		return nil, explainRun(err)
	}
	request, err := in.request(ctx, "start-run", nil, in.Body)
	if err != nil {
		return nil, err
	}
	started, earlier, err := a.runs.Start(ctx, days, request)
	if err != nil {
		return nil, explainRun(err)
	}
	if _, err := onceMore(nil, earlier); err != nil {
		return nil, err
	}
	return a.accepted(ctx, started.Run.ID)
}

func (a *API) accepted(ctx context.Context, id uuid.UUID) (*acceptedRun, error) {
	run, err := a.DB.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	shown := a.runOf(*run)
	return &acceptedRun{Location: shown.Links.Self, Body: shown}, nil
}

type replayInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		From      string `json:"from" enum:"extract,clean,work,gold,stage,reconcile,publish" doc:"The first step to do again."`
		Recompute bool   `json:"recompute,omitempty" doc:"Make every table anew, even those that would come out as they are: it shows whether they do."`
	} `nameHint:"Replay"`
}

// replayPatience is how long a replay may take to begin, before the answer says no more than that it
// was asked for: it may wait for a worker.
const replayPatience = 4 * time.Second

func (a *API) replayRun(ctx context.Context, in *replayInput) (*acceptedRun, error) {
	replay := a.runs.Replay
	if in.Body.Recompute {
		replay = a.runs.Recompute
	}
	started, err := replay(ctx, in.ID, runs.Step(in.Body.From))
	if err != nil {
		return nil, explainRun(err)
	}
	if a.runs.Ready(ctx) == nil {
		if err := a.runs.Begun(ctx, started, replayPatience); err != nil {
			return nil, explainRun(err)
		}
	}
	return a.accepted(ctx, started.Run.ID)
}

type rollbackInput struct {
	ID   uuid.UUID `path:"id"`
	Body struct {
		WithNewer bool `json:"with_newer,omitempty" doc:"Undo what was published since the run as well."`
	} `nameHint:"RollbackOfRun"`
}

func (a *API) rollBackRun(ctx context.Context, in *rollbackInput) (*acceptedRun, error) {
	if _, err := a.DB.Run(ctx, in.ID); err != nil {
		return nil, err
	}
	rollback, err := a.runs.Rollback(ctx, &in.ID, in.Body.WithNewer)
	if errors.Is(err, runs.ErrRollbackRunning) {
		return nil, problem(runInProgress)
	}
	if err != nil {
		return nil, err
	}
	if a.runs.Ready(ctx) == nil {
		waiting, cancel := context.WithTimeout(ctx, replayPatience)
		defer cancel()
		_, err := rollback.Wait(waiting) // one that takes longer goes on
		if failed := (*runs.RollbackFailedError)(nil); errors.As(err, &failed) {
			return nil, problem(runNotRolledBack, FieldProblem{"path.id", failed.Error()})
		}
	}
	return a.accepted(ctx, in.ID)
}

func (a *API) cancelRun(ctx context.Context, in *runByID) (*acceptedRun, error) {
	if err := a.runs.Cancel(ctx, in.ID); err != nil {
		return nil, explainRun(err)
	}
	return a.accepted(ctx, in.ID)
}

// explainRun is the problem that an error of package runs means.
func explainRun(err error) error {
	var days *runs.RangeError
	var running *runs.RunningError
	var ended *runs.EndedError
	var refused *runs.RefusedError
	var pruned *runs.PrunedError
	switch {
	case errors.As(err, &days):
		return problem(invalidRange, FieldProblem{"body." + days.Field, days.Want})
	case errors.As(err, &running):
		return problem(runInProgress)
	case errors.As(err, &ended):
		return problem(runEnded)
	case errors.As(err, &pruned):
		return problem(runPruned, FieldProblem{"path.id", pruned.Error()})
	case errors.As(err, &refused):
		return problem(runNotReplayable, FieldProblem{"body.from", refused.Reason})
	}
	return err
}
