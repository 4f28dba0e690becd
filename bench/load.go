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
	rate   float64       // arrivals a second; 0: as many as can be served, which shows the highest rate
	atOnce int           // how many are being served at any time
	lasts  time.Duration // how long work arrives
}

// served is what became of a load.
type served struct {
	took   []time.Duration // from the intended start of each to its end, in no order
	lasted time.Duration   // until the last was done
	behind time.Duration   // how late those began who came last: it grows without end at a rate that is too high
}

// patience is how far behind a load may be that is served as it comes.
const patience = 250 * time.Millisecond

// achieved is how many were served in a second.
func (s served) achieved() float64 { return float64(len(s.took)) / s.lasted.Seconds() }

// keptUp reports whether work was served as it came.
func (s served) keptUp(rate float64) bool { return s.behind < patience && s.achieved() > 0.95*rate }

// run puts a load on do, which is told a number of its own each time. The first error ends it.
func run(ctx context.Context, l load, do func(ctx context.Context, i int) error) (served, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var (
		next    atomic.Int64
		mu      sync.Mutex
		result  served
		late    []time.Duration // how late each began, by its number
		workers sync.WaitGroup
		began   = time.Now()
	)
	for range l.atOnce {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				meant := time.Now()
				if l.rate > 0 {
					meant = began.Add(time.Duration(float64(i) / l.rate * float64(time.Second)))
				}
				if meant.Sub(began) >= l.lasts || !waitUntil(ctx, meant) {
					return
				}
				started := time.Now()
				if err := do(ctx, i); err != nil {
					stop(err)
					return
				}
				mu.Lock()
				result.took = append(result.took, time.Since(meant))
				for len(late) <= i {
					late = append(late, 0)
				}
				late[i] = started.Sub(meant)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return served{}, err
	}
	result.lasted = max(time.Since(began), l.lasts)
	if last := late[len(late)-(len(late)+9)/10:]; len(last) > 0 {
		result.behind = median(last)
	}
	return result, nil
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

// outcome is what a rate came to, over all the times that it was put on.
type outcome struct {
	// Rate is the arrivals of a second, Achieved what was served of them.
	Rate     float64 `json:"arrivals_per_s"`
	Achieved float64 `json:"achieved_per_s"`
	// Times is how often it was put on, Behind how often it was not served as it came.
	Times   int `json:"times"`
	Behind  int `json:"behind"`
	Samples int `json:"samples"`
	// Latencies count from the intended start, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	// P99 is nil where fewer than samplesOfP99 are behind it.
	P99 *float64 `json:"p99_ms"`
	// P99OfMiddleTurn is the median of the p99s of each time: where a machine stands still for a quarter of a second, all
	// of that turn's answers are late, and are the P99 of all. Nil where a turn has fewer than a hundred.
	P99OfMiddleTurn *float64 `json:"p99_of_middle_turn_ms"`
	Max             float64  `json:"max_ms"`
}

// samplesOfP99 is how many latencies there must be for one in a hundred to mean something.
const samplesOfP99 = 1000

// outcomeOf sums up what was served of a rate.
func outcomeOf(rate float64, all []served) outcome {
	o := outcome{Rate: rate, Times: len(all)}
	var took []time.Duration
	var lasted time.Duration
	for _, s := range all {
		took = append(took, s.took...)
		lasted += s.lasted
		if !s.keptUp(rate) {
			o.Behind++
		}
	}
	if o.Samples = len(took); o.Samples == 0 {
		return o
	}
	slices.Sort(took)
	o.Achieved = float64(len(took)) / lasted.Seconds()
	o.P50, o.P95, o.Max = below(took, 50), below(took, 95), milliseconds(took[len(took)-1])
	if len(took) >= samplesOfP99 {
		p99 := below(took, 99)
		o.P99 = &p99
	}
	if middle, known := middleP99(all); known {
		o.P99OfMiddleTurn = &middle
	}
	return o
}

// below is what so many percent of sorted latencies are below, in milliseconds.
func below(sorted []time.Duration, percent int) float64 {
	return milliseconds(sorted[len(sorted)*percent/100])
}

// middleP99 is the median of the turns' p99s, in milliseconds, if each of them has one.
func middleP99(turns []served) (p99 float64, known bool) {
	var each []float64
	for _, turn := range turns {
		if len(turn.took) < 100 {
			return 0, false
		}
		each = append(each, below(slices.Sorted(slices.Values(turn.took)), 99))
	}
	return median(each), true
}

// orZero is 0 for what is not known.
func orZero(latency *float64) float64 {
	if latency == nil {
		return 0
	}
	return *latency
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
