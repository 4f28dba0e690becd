package etl

import (
	"context"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"
)

// HeartbeatEvery is how often a step says that it lives. A worker must not hold heartbeats back for
// longer, as it does unless told otherwise: up to four fifths of the workflow's heartbeat timeout. Nor must it
// be much less than a third of that timeout: so long a worker waits for Temporal to take note of one, and cancels
// the step if it does not.
const HeartbeatEvery = 5 * time.Second

// beat sends heartbeats with the line that say was last given, until stop is called. Without
// them Temporal would neither notice a dead worker nor tell this one of a cancelled run.
func beat(ctx context.Context) (say func(line string), stop func()) {
	return beatWith(ctx, "started")
}

// beatWith sends heartbeats with what tell was last given, at first with details.
func beatWith[T any](ctx context.Context, details T) (tell func(T), stop func()) {
	var last atomic.Value
	last.Store(details)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	activity.RecordHeartbeat(ctx, last.Load())
	go func() {
		defer close(done)
		ticker := time.NewTicker(HeartbeatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				activity.RecordHeartbeat(ctx, last.Load())
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(details T) { last.Store(details) }, func() {
		cancel()
		<-done
	}
}
