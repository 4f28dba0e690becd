package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// heartbeat tells Temporal that the activity lives, until the function it returns is called: a
// worker that was killed is noticed within the heartbeat timeout. Call it as
//
//	defer heartbeat(ctx)()
func heartbeat(ctx context.Context) (stop func()) {
	timeout := activity.GetInfo(ctx).HeartbeatTimeout
	if timeout <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		beat := time.NewTicker(timeout / 3)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}
