package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// TestNoAttemptIsCountedTwiceOver has many try at once, when the subject has a row already: only
// its lock keeps them apart.
func TestNoAttemptIsCountedTwiceOver(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), stacktest.New(t).Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	limit := settings.Rate{Count: 4, Per: time.Hour}
	for round := range 30 {
		address := strconv.Itoa(round)
		if err := db.AttemptFrom(t.Context(), "test", address, limit); err != nil {
			t.Fatal(err)
		}
		var passed atomic.Int64
		var done sync.WaitGroup
		for range 16 {
			done.Go(func() {
				var early *store.TooManyAttempts
				switch err := db.AttemptFrom(t.Context(), "test", address, limit); {
				case err == nil:
					passed.Add(1)
				case !errors.As(err, &early):
					t.Error(err)
				}
			})
		}
		done.Wait()
		if passed.Load() != 3 {
			t.Fatalf("%d attempts passed in round %d, and 3 were left", passed.Load(), round)
		}
	}
}
