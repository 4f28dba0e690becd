package api

import (
	"context"
	"net/http"

	"mercado/internal/auth"
	"mercado/runs"
)

const schedulesPath = "/api/etl/schedules"

// etlSchedules serves what starts loads by itself.
func (a *API) etlSchedules() {
	register(a, operation{
		id: "list-schedules", method: http.MethodGet, path: schedulesPath,
		summary: "List what starts loads by itself", tag: "etl",
		about:      "With the next starts, the latest, and what becomes of starts that overlap or were missed.",
		permission: auth.ReadRuns,
	}, a.listSchedules)
	register(a, operation{
		id: "pause-schedule", method: http.MethodPost, path: schedulesPath + "/{id}/pause",
		summary: "Start nothing by itself until it is resumed", tag: "etl",
		permission: auth.OperateRuns, problems: []code{notFound},
	}, a.pauseSchedule)
	register(a, operation{
		id: "resume-schedule", method: http.MethodPost, path: schedulesPath + "/{id}/resume",
		summary: "Start again by itself", tag: "etl",
		about:      "Days that were due meanwhile are not loaded by that: ask for them, or trigger the schedule.",
		permission: auth.OperateRuns, problems: []code{notFound},
	}, a.resumeSchedule)
	register(a, operation{
		id: "trigger-schedule", method: http.MethodPost, path: schedulesPath + "/{id}/trigger",
		summary: "Start now what the schedule starts", tag: "etl", status: http.StatusAccepted,
		about:      "As if it were due, paused or not: the load of the day before. It waits, or is left out, when one is running, as the schedule's overlap says.",
		permission: auth.OperateRuns, problems: []code{notFound},
	}, a.triggerSchedule)
}

type schedulesOutput struct {
	Body List[runs.Schedule]
}

func (a *API) listSchedules(ctx context.Context, _ *struct{}) (*schedulesOutput, error) {
	found, err := a.schedules.List(ctx)
	if err != nil {
		return nil, err
	}
	return &schedulesOutput{List[runs.Schedule]{Items: found}}, nil
}

type scheduleByID struct {
	ID string `path:"id" maxLength:"64"`
}

type noteInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"200" doc:"Why, for whoever looks at it next."`
	} `nameHint:"ScheduleNote"`
}

func (a *API) pauseSchedule(ctx context.Context, in *noteInput) (*struct{}, error) {
	return nil, a.schedules.Pause(ctx, in.ID, in.Body.Note)
}

func (a *API) resumeSchedule(ctx context.Context, in *noteInput) (*struct{}, error) {
	return nil, a.schedules.Resume(ctx, in.ID, in.Body.Note)
}

func (a *API) triggerSchedule(ctx context.Context, in *scheduleByID) (*struct{}, error) {
	return nil, a.schedules.Trigger(ctx, in.ID)
}
