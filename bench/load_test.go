package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLoadComesAtItsOwnPace serves one at a time, slower than work arrives: the wait counts, and the
// rate is not kept up with.
func TestLoadComesAtItsOwnPace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		atOnce int
		keptUp bool
		p50    float64 // milliseconds
	}{
		"in time":  {atOnce: 4, keptUp: true, p50: 20},
		"too slow": {atOnce: 1, keptUp: false, p50: 1020}, // the middle one begins a second late
	} {
		synctest.Test(t, func(t *testing.T) {
			const rate = 100
			result, err := run(t.Context(), load{rate: rate, atOnce: c.atOnce, lasts: 2 * time.Second}, func(context.Context, int) error {
				<-time.After(20 * time.Millisecond) // the time of the bubble
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			o := outcomeOf(rate, []served{result})
			if got := result.keptUp(rate); got != c.keptUp {
				t.Errorf("%s: kept up: %t, last %s behind", name, got, result.behind)
			}
			if o.Samples != 200 || o.P50 < c.p50-1 || o.P50 > c.p50+1 {
				t.Errorf("%s: %d samples, p50 %.1f ms, want 200 and %.1f", name, o.Samples, o.P50, c.p50)
			}
			if o.P99 != nil {
				t.Errorf("%s: p99 of 200 samples", name)
			}
		})
	}
}

func TestLoadEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	failed := errors.New("no more carts")
	_, err := run(t.Context(), load{atOnce: 4, lasts: time.Hour}, func(_ context.Context, i int) error {
		if i == 10 {
			return failed
		}
		return nil
	})
	if !errors.Is(err, failed) {
		t.Errorf("it ended with %v", err)
	}
}

// TestComparisonFindsWhatIsSustained compares two servers whose speed is known: one works on one thing at a
// time, the other on two.
func TestComparisonFindsWhatIsSustained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		serving := func(name string, places int) subject {
			free := make(chan struct{}, places)
			return subject{name: name, do: func(context.Context, int) error {
				free <- struct{}{}
				<-time.After(10 * time.Millisecond) // the time of the bubble
				<-free
				return nil
			}}
		}
		slow, fast := serving("slow", 1), serving("fast", 2)
		c := newComparison(thorough, 8, []subject{slow, fast}, func(subject) (cpu, error) { return cpu{}, nil })
		if err := c.measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, most := range map[string]float64{"slow": 100, "fast": 200} {
			f := c.figures[name]
			if f.Sustained.Rate < 0.85*most || f.Sustained.Rate > most+1 || f.Sustained.Behind > 0 || f.Sustained.P99 == nil {
				t.Errorf("%s sustains %+v of %.0f a second", name, f.Sustained, most)
			}
			if f.Same.Rate > most/2 || f.Same.Rate != c.figures["slow"].Same.Rate || f.Same.P50 < 9 || f.Same.P50 > 21 {
				t.Errorf("%s at the same rate: %+v", name, f.Same)
			}
		}
		if r := ratio(c.figures["slow"], c.figures["fast"]); r < 0.45 || r > 0.55 {
			t.Errorf("one over the other: %.2f", r)
		}
	})
}

// TestStumbleIsTriedOnce has a server stand still once, and another for good.
func TestStumbleIsTriedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		began := time.Now()
		standing := func(from, to time.Duration) func(context.Context, int) error {
			return func(context.Context, int) error {
				<-time.After(10 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				if since := time.Since(began); since > from && since < to {
					<-time.After(to - since)
				}
				return nil
			}
		}
		third := thorough.warm + time.Duration(thorough.rounds)*thorough.round + 2*thorough.slice // begins then
		once := subject{name: "once", do: standing(third+thorough.slice/3, third+4*thorough.slice/3)}
		c := newComparison(thorough, 1, []subject{once}, func(subject) (cpu, error) { return cpu{}, nil })
		if err := c.measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		if o := c.figures["once"].Sustained; o.Behind != 1 || o.Rate < 85 || o.P99 == nil || *o.P99 < 250 {
			t.Errorf("a server that stood still once: %+v", o)
		}
	})
}

// TestOneTurnIsNotTheMiddle has a machine stand still in one turn of five, and in three of them.
func TestOneTurnIsNotTheMiddle(t *testing.T) {
	t.Parallel()
	turn := func(late time.Duration) served {
		s := served{lasted: time.Second}
		for i := range 100 {
			s.took = append(s.took, time.Millisecond)
			if i >= 95 {
				s.took[i] = late
			}
		}
		return s
	}
	calm, still := turn(2*time.Millisecond), turn(300*time.Millisecond)
	for want, turns := range map[float64][]served{
		2:   {calm, calm, still, calm, calm},
		300: {still, calm, still, calm, still},
	} {
		if o := outcomeOf(100, turns); o.P99OfMiddleTurn == nil || *o.P99OfMiddleTurn != want {
			t.Errorf("the p99 of the middle turn is not %v ms: %+v", want, o)
		}
	}
	calm.took = calm.took[:99]
	if o := outcomeOf(100, []served{calm, still}); o.P99OfMiddleTurn != nil {
		t.Errorf("ninety-nine answers have a p99: %v", *o.P99OfMiddleTurn)
	}
}
