package simulate

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Outcomes counts what became of what customers asked for.
type Outcomes struct {
	Confirmed  int `json:"confirmed"`
	Accepted   int `json:"accepted"` // the outcome was not waited for
	Late       int `json:"late"`     // it was waited for, and took too long
	Declined   int `json:"declined"`
	OutOfStock int `json:"out_of_stock"`
	Refused    int `json:"refused"` // for any other reason that the API names
	Cancelled  int `json:"cancelled"`
	Returned   int `json:"returned"`
	Reviewed   int `json:"reviewed"`
	Abandoned  int `json:"abandoned"`   // carts
	TurnedAway int `json:"turned_away"` // could not register or sign in when they came, and only looked around
}

// Summary is what happened in a run.
type Summary struct {
	Seconds      float64            `json:"seconds"`
	Visits       int                `json:"visits"`
	Requests     int                `json:"requests"`
	Orders       Outcomes           `json:"outcomes"`
	Operations   []OperationSummary `json:"operations"`
	ServerErrors int                `json:"server_errors"` // answers of 500 and more, and requests without one
	Surprises    []string           `json:"surprises"`     // answers that the contract does not know: the first of each kind
}

// OperationSummary is how one operation was answered. Latencies are milliseconds; those of the
// first request of a visit count from when the visit was due.
type OperationSummary struct {
	Operation string         `json:"operation"`
	Statuses  map[string]int `json:"statuses"`
	Refusals  map[string]int `json:"refusals"` // of Statuses, those of 400 and more, by their code
	P50       float64        `json:"p50_ms"`
	P99       float64        `json:"p99_ms"`
	Max       float64        `json:"max_ms"`
}

// Failed reports whether something happened that no customer may cause.
func (s *Summary) Failed() bool { return s.ServerErrors > 0 || len(s.Surprises) > 0 }

// record is what is known so far; visits write it side by side.
type record struct {
	mu         sync.Mutex
	visits     int
	inFlight   int
	requests   int
	outcomes   Outcomes
	operations map[string]*operationRecord
	all        latencies
	errors     int
	surprises  map[string]string
}

type operationRecord struct {
	statuses, refusals map[string]int
	latencies
}

func newRecord() *record {
	return &record{operations: map[string]*operationRecord{}, surprises: map[string]string{}}
}

func (r *record) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.visits++
	r.inFlight++
}

func (r *record) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight--
}

// answered notes an answer; status 0 is none.
func (r *record) answered(operation string, got answer, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.operations[operation]
	if known == nil {
		known = &operationRecord{statuses: map[string]int{}, refusals: map[string]int{}}
		r.operations[operation] = known
	}
	name := strconv.Itoa(got.status)
	if got.status == 0 {
		name = "none"
	}
	known.statuses[name]++
	if got.code != "" {
		known.refusals[got.code]++
	}
	known.add(took)
	r.all.add(took)
	r.requests++
	if got.status == 0 || got.status >= 500 {
		r.errors++
	}
}

// surprise notes an answer that the contract does not know.
func (r *record) surprise(operation string, status int, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kind := fmt.Sprintf("%s answered %d", operation, status)
	if _, known := r.surprises[kind]; !known {
		r.surprises[kind] = kind + ": " + why
	}
}

func (r *record) happened(count func(*Outcomes)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	count(&r.outcomes)
}

func (r *record) snapshot(elapsed time.Duration) Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Snapshot{
		Elapsed: elapsed, Visits: r.visits, InFlight: r.inFlight, Requests: r.requests, Outcomes: r.outcomes,
		Errors: r.errors + len(r.surprises), P50: r.all.quantile(0.5), P99: r.all.quantile(0.99),
	}
}

func (r *record) summary(elapsed time.Duration) *Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Summary{
		Seconds: elapsed.Seconds(), Visits: r.visits, Requests: r.requests, Orders: r.outcomes, ServerErrors: r.errors,
		Surprises: slices.Sorted(maps.Values(r.surprises)), Operations: []OperationSummary{},
	}
	if s.Surprises == nil {
		s.Surprises = []string{}
	}
	for name, known := range r.operations {
		s.Operations = append(s.Operations, OperationSummary{
			Operation: name, Statuses: known.statuses, Refusals: known.refusals,
			P50: inMilliseconds(known.quantile(0.5)), P99: inMilliseconds(known.quantile(0.99)), Max: inMilliseconds(known.most),
		})
	}
	slices.SortFunc(s.Operations, func(a, b OperationSummary) int { return cmp.Compare(a.Operation, b.Operation) })
	return s
}

func inMilliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// latencies counts durations in classes that are 5 % wide, so that a run of days takes no more
// memory than one of seconds.
type latencies struct {
	classes [400]int
	count   int
	most    time.Duration
}

const classWidth = 1.05

func (l *latencies) add(d time.Duration) {
	class := 0
	if d > time.Microsecond*100 {
		class = min(int(math.Log(float64(d)/float64(100*time.Microsecond))/math.Log(classWidth)), len(l.classes)-1)
	}
	l.classes[class]++
	l.count++
	l.most = max(l.most, d)
}

// quantile is the upper end of the class that it falls into, 0 when nothing was counted.
func (l *latencies) quantile(q float64) time.Duration {
	rank := int(math.Ceil(q * float64(l.count)))
	for class, count := range l.classes {
		if rank -= count; rank <= 0 && l.count > 0 && class < len(l.classes)-1 { // the last has no end
			return min(l.most, time.Duration(float64(100*time.Microsecond)*math.Pow(classWidth, float64(class+1))))
		}
	}
	return l.most
}
