package runs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/internal/settings"
	"mercado/workflows"
)

// ErrUnknownSchedule is returned for a schedule that does not exist, or that no worker has made yet.
var ErrUnknownSchedule = errors.New("there is no such schedule")

// Schedules are those of loads, as Temporal keeps them.
type Schedules struct {
	temporal client.Client
	prefix   string
}

// NewSchedules reads and changes the schedules that the workers make.
func NewSchedules(c client.Client, t settings.Temporal) *Schedules {
	return &Schedules{temporal: c, prefix: t.TaskQueuePrefix}
}

// Schedule is when something starts by itself.
type Schedule struct {
	ID       string           `json:"id"`
	Workflow string           `json:"workflow" doc:"What it starts."`
	Starts   []string         `json:"starts" doc:"When it starts it, in words: every day at a time; then, of the days on which the clock is set over that time, those to come."`
	TimeZone string           `json:"time_zone"`
	Overlap  string           `json:"overlap" enum:"queue,skip,other" doc:"What becomes of a start that is due while the last one still runs: it waits (queue), or is left out (skip)."`
	CatchUp  float64          `json:"catch_up_seconds" doc:"How long after its time a start that was missed is still made."`
	Paused   bool             `json:"paused"`
	Note     string           `json:"note" doc:"Why it was paused or resumed last."`
	Next     []time.Time      `json:"next" doc:"The next starts; while it is paused, those it would make."`
	Recent   []ScheduledStart `json:"recent" doc:"The latest starts, newest first."`
	Missed   int              `json:"missed" doc:"Starts that were missed for longer than the catch-up window, and are not made."`
}

// ScheduledStart is one that a schedule has made.
type ScheduledStart struct {
	ScheduledAt time.Time `json:"scheduled_at"`
	StartedAt   time.Time `json:"started_at"`
	WorkflowID  string    `json:"workflow_id"`
}

// List gives the schedules of loads that exist. They are asked for at once: Temporal may take its time for each, see Find.
func (s *Schedules) List(ctx context.Context) ([]Schedule, error) {
	found := make([]*Schedule, len(workflows.ETLSchedules))
	group, ctx := errgroup.WithContext(ctx)
	for i, id := range workflows.ETLSchedules {
		group.Go(func() (err error) {
			if found[i], err = s.Find(ctx, id); errors.Is(err, ErrUnknownSchedule) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	list := []Schedule{}
	for _, schedule := range found {
		if schedule != nil {
			list = append(list, *schedule)
		}
	}
	return list, nil
}

// Find returns a schedule, or ErrUnknownSchedule. Temporal asks a workflow of its own for it, which first has to be told
// of every change; that takes 5 to 10 seconds more when the process that had the workflow in memory does not answer.
func (s *Schedules) Find(ctx context.Context, id string) (*Schedule, error) {
	handle, err := s.handle(ctx, id)
	if err != nil {
		return nil, err
	}
	told, err := handle.Describe(ctx)
	if err != nil {
		return nil, explainSchedule(id, err)
	}
	found := &Schedule{ID: id, Overlap: "other", Next: []time.Time{}, Recent: []ScheduledStart{}, Starts: []string{}, TimeZone: "UTC"}
	if action, ok := told.Schedule.Action.(*client.ScheduleWorkflowAction); ok {
		found.Workflow = fmt.Sprint(action.Workflow)
	}
	if spec := told.Schedule.Spec; spec != nil {
		found.Starts = inWords(spec, time.Now())
		if spec.TimeZoneName != "" {
			found.TimeZone = spec.TimeZoneName
		}
	}
	if policy := told.Schedule.Policy; policy != nil {
		found.CatchUp = policy.CatchupWindow.Seconds()
		switch policy.Overlap {
		case enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL:
			found.Overlap = "queue"
		case enums.SCHEDULE_OVERLAP_POLICY_SKIP, enums.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED:
			found.Overlap = "skip"
		}
	}
	if state := told.Schedule.State; state != nil {
		found.Paused, found.Note = state.Paused, state.Note
	}
	found.Missed = told.Info.NumActionsMissedCatchupWindow
	for _, at := range told.Info.NextActionTimes {
		found.Next = append(found.Next, at.UTC())
	}
	for i := len(told.Info.RecentActions) - 1; i >= 0; i-- {
		start := told.Info.RecentActions[i]
		shown := ScheduledStart{ScheduledAt: start.ScheduleTime.UTC(), StartedAt: start.ActualTime.UTC()}
		if start.StartWorkflowResult != nil {
			shown.WorkflowID = start.StartWorkflowResult.WorkflowID
		}
		found.Recent = append(found.Recent, shown)
	}
	return found, nil
}

// inWords tells of each calendar of a spec, but for those of single days that are over.
func inWords(spec *client.ScheduleSpec, now time.Time) []string {
	words := []string{}
	for _, calendar := range spec.Calendars {
		at := fmt.Sprintf("%02d:%02d", first(calendar.Hour), first(calendar.Minute))
		if len(calendar.Year) == 0 {
			words = append(words, strings.TrimSpace("every day at "+at+": "+calendar.Comment))
			continue
		}
		day := time.Date(first(calendar.Year), time.Month(first(calendar.Month)), first(calendar.DayOfMonth), 0, 0, 0, 0, time.UTC)
		if day.After(now.AddDate(0, 0, -2)) && len(words) < 5 {
			words = append(words, fmt.Sprintf("on %s at %s, %s", day.Format(time.DateOnly), at, calendar.Comment))
		}
	}
	return words
}

func first(ranges []client.ScheduleRange) int {
	if len(ranges) == 0 {
		return 0
	}
	return ranges[0].Start
}

// Pause keeps a schedule from starting anything until it is resumed. note says why.
func (s *Schedules) Pause(ctx context.Context, id, note string) error {
	note = cmp.Or(note, "paused") // Temporal has words of its own for none
	return s.change(ctx, id, func(schedule client.ScheduleHandle) error {
		return schedule.Pause(ctx, client.SchedulePauseOptions{Note: note})
	})
}

// Resume has a paused schedule start again; what was due meanwhile is left out.
func (s *Schedules) Resume(ctx context.Context, id, note string) error {
	note = cmp.Or(note, "resumed")
	return s.change(ctx, id, func(schedule client.ScheduleHandle) error {
		return schedule.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note})
	})
}

// Trigger makes a start now, as if it were due, paused or not: the load of the day before.
func (s *Schedules) Trigger(ctx context.Context, id string) error {
	return s.change(ctx, id, func(schedule client.ScheduleHandle) error {
		return schedule.Trigger(ctx, client.ScheduleTriggerOptions{})
	})
}

// change tells Temporal of a change, and does not ask what has become of the schedule, see Find: who was told that this
// took too long, when the change was made, would make it once more, and start a load twice.
func (s *Schedules) change(ctx context.Context, id string, do func(client.ScheduleHandle) error) error {
	schedule, err := s.handle(ctx, id)
	if err != nil {
		return err
	}
	return explainSchedule(id, do(schedule))
}

func (s *Schedules) handle(ctx context.Context, id string) (client.ScheduleHandle, error) {
	for _, known := range workflows.ETLSchedules {
		if known == id {
			return s.temporal.ScheduleClient().GetHandle(ctx, s.prefix+id), nil
		}
	}
	return nil, fmt.Errorf("schedule %q: %w", id, ErrUnknownSchedule)
}

func explainSchedule(id string, err error) error {
	if unknown := (*serviceerror.NotFound)(nil); errors.As(err, &unknown) {
		return fmt.Errorf("schedule %q: %w", id, ErrUnknownSchedule)
	}
	if err != nil {
		return fmt.Errorf("schedule %q: %w", id, err)
	}
	return nil
}
