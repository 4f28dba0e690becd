package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mercado/activities/etl"
	"mercado/internal/store"
	"mercado/runs"
)

// Loads whose workflow was terminated, or that Temporal has lost, say of themselves that they run; and maintenance keeps
// others waiting.
const (
	lostEvery = 15 * time.Second // how often they are looked for
	lostAfter = 30 * time.Second // how long an execution may take to have its workflow

	// outlived is how long a step may outlive its workflow: longer than the minute that short ones may take, and than it
	// takes Temporal to find that a worker does not answer, see workflows.DailyETL.
	outlived = 70 * time.Second
)

// lost is what nothing carries out any more, and nobody waits for once it is recorded.
type lost struct {
	db    *store.DB
	loads *runs.Runs
	steps *etl.Activities // nil: rollbacks are left to other workers
	told  map[string]bool // of maintenance, that it is held
}

// find records as failed loads that were lost, as ended rollbacks and maintenance, again and again. Several workers
// may do so at once.
func (l *lost) find(ctx context.Context) error {
	return persist(ctx, "look for loads that were lost", func(ctx context.Context) error {
		again := time.NewTicker(lostEvery)
		defer again.Stop()
		for {
			running, err := l.db.RunsUnderWay(ctx, lostAfter.Seconds())
			if err != nil {
				return err
			}
			var failures []error // of one do not keep others
			for _, id := range running {
				failures = append(failures, l.load(ctx, id))
			}
			if err := errors.Join(append(failures, l.maintenance(ctx))...); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-again.C:
			}
		}
	})
}

func (l *lost) load(ctx context.Context, id uuid.UUID) error {
	found, err := l.loads.Lost(ctx, id, outlived)
	if err != nil || found == nil {
		return err
	}
	if !found.Run.RollingBack {
		if err := l.loads.Fail(ctx, found); err != nil {
			return err
		}
		slog.Warn("a load that nothing carried out any more has failed", "run", id)
		return nil
	}
	if l.steps == nil {
		return nil
	}
	undone, err := l.steps.EndLostRollback(ctx, found.Run.WorkflowRunID, found.Why)
	if err == nil {
		slog.Warn("a rollback that nothing carried out any more has ended", "run", id, "undone", undone)
	}
	return err
}

// maintenance ends what was lost. Half an erasure it cannot end: it says so, once.
func (l *lost) maintenance(ctx context.Context) error {
	found, err := l.loads.LostMaintenance(ctx, outlived)
	if err != nil {
		return err
	}
	held := map[string]bool{}
	for _, m := range found {
		known, half, err := l.loads.GiveUp(ctx, m)
		switch {
		case err != nil:
			return err
		case !known:
		case !half:
			slog.Warn("maintenance that nothing carried out any more has ended", "kind", m.Kind, "subject", m.Subject, "why", m.Why)
		default:
			if held[m.Half()] = true; !l.told[m.Half()] {
				slog.Error("half a customer's erasure is done, and nothing carries it out any more", "subject", m.Subject, "why", m.Half())
			}
		}
	}
	l.told = held
	return nil
}
