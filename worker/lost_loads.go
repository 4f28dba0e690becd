package worker

import (
	"context"
	"log/slog"
	"time"

	"mercado/internal/store"
	"mercado/runs"
)

// Loads whose workflow was terminated, or that Temporal has lost, say of themselves that they run.
const (
	lostEvery = 15 * time.Second // how often they are looked for
	lostAfter = 30 * time.Second // how long an execution may take to have its workflow
)

// failLost records as failed, again and again, loads that nothing carries out any more, so that
// nobody waits for them. Several workers may do so at once.
func failLost(ctx context.Context, db *store.DB, loads *runs.Runs) error {
	return persist(ctx, "look for loads that were lost", func(ctx context.Context) error {
		again := time.NewTicker(lostEvery)
		defer again.Stop()
		for {
			running, err := db.RunsUnderWay(ctx, lostAfter.Seconds())
			if err != nil {
				return err
			}
			for _, id := range running {
				lost, err := loads.FailLost(ctx, id)
				if err != nil {
					return err
				}
				if lost {
					slog.Warn("a load that nothing carried out any more has failed", "run", id)
				}
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-again.C:
			}
		}
	})
}
