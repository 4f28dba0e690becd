package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is an open model: work arrives at its own pace, whether or not what came before is done.
// Who is late because of that waits in a queue, and the wait counts.
type load struct {
	rate   float64       // arrivals a second; 0: all of them at once, which shows the highest rate
	atOnce int           // how many are being served at any time
	lasts  time.Duration // how long work arrives
}

// outcome is what became of a load. Latencies count from the intended start.
type outcome struct {
	Offered  float64 `json:"offered_per_s,omitempty"` // 0: more than can be served
	Achieved float64 `json:"achieved_per_s"`
	Done     int     `json:"done"`
	P50      float64 `json:"p50_ms"`
	P99      float64 `json:"p99_ms"`
	Max      float64 `json:"max_ms"`
	// LastLate is how late the last one began: it grows without end at a rate that is not sustained.
	LastLate float64 `json:"last_late_ms"`
}

// sustained reports whether the rate was served as it came.
func (o outcome) sustained() bool { return o.LastLate < 250 && o.Achieved > 0.95*o.Offered }

// run puts a load on do, which is told a number of its own each time. The first error ends it.
func run(ctx context.Context, l load, do func(ctx context.Context, i int) error) (outcome, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		next    atomic.Int64
		mu      sync.Mutex
		took    []time.Duration
		late    time.Duration
		workers sync.WaitGroup
		began   = time.Now()
	)
	for range l.atOnce {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				meant := began
				if l.rate > 0 {
					meant = began.Add(time.Duration(float64(i) / l.rate * float64(time.Second)))
				}
				if meant.Sub(began) >= l.lasts || (l.rate == 0 && time.Since(began) >= l.lasts) || !waitUntil(ctx, meant) {
					return
				}
				started := time.Now()
				if err := do(ctx, i); err != nil {
					stop(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(meant))
				late = max(late, 0)
				if l.rate > 0 {
					late = started.Sub(meant)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return outcome{}, err
	}
	lasted := max(time.Since(began), l.lasts)
	slices.Sort(took)
	o := outcome{Offered: l.rate, Done: len(took), Achieved: float64(len(took)) / lasted.Seconds(), LastLate: milliseconds(late)}
	if len(took) > 0 {
		o.P50, o.P99, o.Max = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100]), milliseconds(took[len(took)-1])
	}
	return o, nil
}

// waitUntil reports whether the time has come before ctx ended.
func waitUntil(ctx context.Context, at time.Time) bool {
	wait := time.Until(at)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
