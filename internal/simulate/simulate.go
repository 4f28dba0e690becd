// Package simulate drives realistic traffic through a shop's public API: customers who register,
// look around, fill carts and leave them, buy, and come back for what they bought. What a visit
// intends follows from the seed alone; what becomes of it is up to the shop.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options say how much traffic there is.
type Options struct {
	URL       string        // of the API, as http://127.0.0.1:8080
	Rate      float64       // visits a second, on average; they arrive at random (Poisson)
	For       time.Duration // how long visits arrive; 0: until the context ends
	Customers int           // how many people visit
	Seed      uint64
	AtOnce    int                // visits that are under way at any time, at most; others wait, and the wait counts
	Progress  func(now Snapshot) // called once a second; nil: never
	Client    *http.Client       // nil: one of its own
}

// Snapshot is how it goes.
type Snapshot struct {
	Elapsed  time.Duration
	Visits   int // that have begun
	InFlight int
	Requests int
	Outcomes Outcomes
	Errors   int // server errors and surprises
	P50, P99 time.Duration
}

// visitPatience is how long a visit may take; a request has it as well.
const visitPatience = time.Minute

// Run simulates until o.For has passed or ctx ends, lets the visits under way finish, and tells
// what happened. It fails only when the API cannot be reached at all.
func Run(ctx context.Context, o Options) (*Summary, error) {
	switch {
	case o.Rate <= 0:
		return nil, errors.New("the rate must be positive")
	case o.Customers < 1 || o.AtOnce < 1:
		return nil, errors.New("there must be a customer, and a visit at a time")
	}
	client := o.Client
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = o.AtOnce
		client = &http.Client{Transport: transport, Timeout: visitPatience}
	}
	s := &simulation{Options: o, client: client, record: newRecord(), people: make([]person, o.Customers)}
	s.notBefore.of = map[operation]time.Time{}
	var err error
	if s.contract, err = s.learn(ctx); err != nil {
		return nil, fmt.Errorf("read the contract of the API at %s: %w", o.URL, err)
	}
	began := time.Now()
	stopReporting := s.report(began)
	s.arrive(ctx, began)
	s.visits.Wait()
	stopReporting()
	return s.record.summary(time.Since(began)), nil
}

// simulation is one run.
type simulation struct {
	Options
	client   *http.Client
	contract contract
	record   *record
	people   []person
	visits   sync.WaitGroup
	// notBefore is when an operation that is limited may be asked again.
	notBefore struct {
		sync.Mutex
		of map[operation]time.Time
	}
}

// arrive sends visit after visit, each at its own time, whatever became of those before.
func (s *simulation) arrive(ctx context.Context, began time.Time) {
	if s.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, began.Add(s.For))
		defer cancel()
	}
	free := make(chan struct{}, s.AtOnce)
	pauses := rand.New(rand.NewPCG(s.Seed, 0)) //nolint:gosec // a simulation is to be repeatable
	due := began
	for i := uint64(1); ; i++ {
		due = due.Add(time.Duration(pauses.ExpFloat64() / s.Rate * float64(time.Second)))
		if !sleepUntil(ctx, due) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		plan := planOf(s.Seed, i, s.Customers)
		s.record.begin()
		s.visits.Go(func() {
			defer func() { <-free }()
			defer s.record.end()
			// What was begun is finished: a cart of somebody who vanished would hold its stock.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), visitPatience)
			defer cancel()
			v := &visit{simulation: s, plan: plan, person: &s.people[plan.customer], due: due}
			v.run(ctx)
		})
	}
}

// report tells s.Progress how it goes until the function it returns is called.
func (s *simulation) report(began time.Time) (stop func()) {
	if s.Progress == nil {
		return func() {}
	}
	done := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			select {
			case <-done:
				return
			case <-second.C:
				s.Progress(s.record.snapshot(time.Since(began)))
			}
		}
	})
	return func() {
		close(done)
		reporting.Wait()
	}
}

// sleepUntil reports whether the time has come before ctx ended.
func sleepUntil(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
