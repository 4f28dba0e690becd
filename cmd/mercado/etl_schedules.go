package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"mercado/internal/settings"
	"mercado/internal/temporal"
	"mercado/runs"
)

// ETLSchedulesCmd is the commands about what starts loads by itself.
type ETLSchedulesCmd struct {
	List    ETLSchedulesListCmd   `cmd:"" default:"1" help:"Show the schedules: when they start, what they started last."`
	Pause   ETLSchedulePauseCmd   `cmd:"" help:"Start nothing by itself until it is resumed."`
	Resume  ETLScheduleResumeCmd  `cmd:"" help:"Start again by itself."`
	Trigger ETLScheduleTriggerCmd `cmd:"" help:"Start now what the schedule starts, as if it were due."`
}

// ETLSchedulesListCmd shows the schedules.
type ETLSchedulesListCmd struct {
	settings.Temporal
}

// Run implements the command.
func (c *ETLSchedulesListCmd) Run(ctx context.Context, g *Globals) error {
	return withSchedules(ctx, c.Temporal, func(ctx context.Context, schedules *runs.Schedules) error {
		found, err := schedules.List(ctx)
		if err != nil {
			return err
		}
		list := struct {
			Items []runs.Schedule `json:"items"`
		}{found}
		return g.print(list, func(w io.Writer) error { return printSchedules(w, found) })
	})
}

// scheduleArgument says which schedule a command is about.
type scheduleArgument struct {
	settings.Temporal
	ID string `arg:"" optional:"" name:"schedule" default:"daily-etl" help:"The schedule, as etl schedules shows it (${default})."`
}

// ETLSchedulePauseCmd pauses a schedule.
type ETLSchedulePauseCmd struct {
	scheduleArgument
	Note string `name:"note" help:"Why, for whoever looks at it next."`
}

// Run implements the command.
func (c *ETLSchedulePauseCmd) Run(ctx context.Context, g *Globals) error {
	return c.change(ctx, g, func(ctx context.Context, s *runs.Schedules) error { return s.Pause(ctx, c.ID, c.Note) })
}

// ETLScheduleResumeCmd resumes a schedule.
type ETLScheduleResumeCmd struct {
	scheduleArgument
	Note string `name:"note" help:"Why, for whoever looks at it next."`
}

// Run implements the command.
func (c *ETLScheduleResumeCmd) Run(ctx context.Context, g *Globals) error {
	return c.change(ctx, g, func(ctx context.Context, s *runs.Schedules) error { return s.Resume(ctx, c.ID, c.Note) })
}

// ETLScheduleTriggerCmd triggers a schedule.
type ETLScheduleTriggerCmd struct {
	scheduleArgument
}

// Run implements the command.
func (c *ETLScheduleTriggerCmd) Run(ctx context.Context, g *Globals) error {
	return c.change(ctx, g, func(ctx context.Context, s *runs.Schedules) error { return s.Trigger(ctx, c.ID) })
}

// change does something with a schedule, and shows what it is then.
func (c *scheduleArgument) change(ctx context.Context, g *Globals, do func(context.Context, *runs.Schedules) error) error {
	return withSchedules(ctx, c.Temporal, func(ctx context.Context, schedules *runs.Schedules) error {
		if err := do(ctx, schedules); err != nil {
			return err
		}
		changed, err := schedules.Find(ctx, c.ID)
		if err != nil {
			return fmt.Errorf("it is done, but cannot be shown: %w", err)
		}
		return g.print(changed, func(w io.Writer) error { return printSchedules(w, []runs.Schedule{*changed}) })
	})
}

// temporalPatience is how long a command waits for Temporal.
const temporalPatience = 20 * time.Second

func withSchedules(ctx context.Context, t settings.Temporal, do func(context.Context, *runs.Schedules) error) error {
	ctx, cancel := context.WithTimeout(ctx, temporalPatience)
	defer cancel()
	c, err := temporal.Dial(ctx, t)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(ctx, runs.NewSchedules(c, t))
}

func printSchedules(w io.Writer, schedules []runs.Schedule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SCHEDULE\tSTATE\tSTARTS\tZONE\tOVERLAP\tCATCH-UP\tNEXT\tLAST\tNOTE")
	for _, schedule := range schedules {
		state, next, last := "active", "", ""
		if schedule.Paused {
			state = "paused"
		}
		if len(schedule.Next) > 0 {
			next = schedule.Next[0].Format(time.RFC3339)
		}
		if len(schedule.Recent) > 0 {
			last = schedule.Recent[0].StartedAt.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", schedule.ID, state, strings.Join(schedule.Starts, "; "), schedule.TimeZone,
			schedule.Overlap, time.Duration(schedule.CatchUp*float64(time.Second)), next, last, schedule.Note)
	}
	return table.Flush()
}
