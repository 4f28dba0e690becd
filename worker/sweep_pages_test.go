package worker

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
)

// TestSweepGoesThroughAllPages has more orders than a page holds, one of which cannot be started at first:
// its page is tried again, and after the last one comes the first.
func TestSweepGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	orders := make([]uuid.UUID, 5)
	for i := range orders {
		orders[i] = uuid.Must(uuid.NewV7())
	}
	var mu sync.Mutex
	started := map[uuid.UUID]int{}
	away := errors.New("Temporal is away")
	fails := orders[3]
	s := &sweep{
		what: "test", most: 2,
		page: func(_ context.Context, after uuid.UUID) ([]uuid.UUID, error) {
			left := slices.DeleteFunc(slices.Clone(orders), func(id uuid.UUID) bool { return bytes.Compare(id[:], after[:]) <= 0 })
			return left[:min(2, len(left))], nil
		},
		start: func(_ context.Context, _ client.Client, _ string, id uuid.UUID) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			if id == fails {
				fails = uuid.Nil
				return false, away
			}
			started[id]++
			return true, nil
		},
	}
	for turn, want := range []error{nil, away, nil, nil, nil} {
		if err := new(relay).sweep(t.Context(), s); !errors.Is(err, want) {
			t.Fatalf("turn %d: %v, want %v", turn, err, want)
		}
	}
	// The first page comes twice, and so does what is on the page that failed.
	for i, want := range []int{2, 2, 2, 1, 1} {
		if started[orders[i]] != want && (i != 2 || started[orders[i]] != 1) {
			t.Errorf("order %d was started %d times, want %d", i, started[orders[i]], want)
		}
	}
}
