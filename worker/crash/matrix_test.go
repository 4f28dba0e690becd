package crash_test

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	all    = flag.Bool("all", false, "crash at every point, not at a selection; each victim at one of the points that differ in their history alone, and one at the others")
	every  = flag.Bool("every", false, "like -all, but with each victim at every point")
	only   = flag.String("only", "", "crash at the points whose name contains this")
	slice  = flag.String("slice", "", "of the points, only every nth: 2/5 is the second of five slices")
	victim = flag.String("victim", "", "kill nobody else")
	report = flag.String("report", "", "write what was found to this file")
)

// outcome is what became of one crash.
type outcome struct {
	Point  string `json:"point"`
	Victim string `json:"victim"`
	// Held is the process that had come to the point when the victim was killed, and its id.
	Held  string `json:"held"`
	PID   int    `json:"pid"`
	Order string `json:"order"`
	// Recovered is when its order was first seen to have ended, in seconds after the victim was back.
	Recovered float64 `json:"recovered_seconds"`
	Wrong     string  `json:"wrong,omitempty"` // empty: the order ended as it should

	at       point
	back     time.Time // when the victim was
	purchase *purchase
	passed   []*purchase // orders that ended without coming to the point
}

func (o outcome) String() string {
	return fmt.Sprintf("%s killed at %s: order %s: %s", o.Victim, o.Point, o.Order, o.Wrong)
}

func (o *outcome) purchases() []*purchase { return append(slices.Clone(o.passed), o.purchase) }

// job is some points at which one victim is killed, of scenarios with the same settings.
type job struct {
	victim string
	points []point
}

// mostOfAJob is after how many crashes somebody waits for all orders to end.
const mostOfAJob = 25

// TestCrashMatrix kills each process and server at the boundaries of every step that an order has
// taken in a recorded history, of every request that changes an order, and of every call to payment
// provider and carrier. Whatever is killed, the order ends as it would have, it is charged as its
// state says by the provider's own count, and no unit of stock is lost. Without -all it tries a few
// points, which kill each victim.
//
// As many shops are tried side by side as -parallel says.
func TestCrashMatrix(t *testing.T) {
	points := allPoints(t)
	chosen := selection(points)
	if *all && *only+*slice+*victim == "" {
		for _, p := range points {
			if !slices.ContainsFunc(victims, func(name string) bool { return slices.Contains(chosen[name], p) }) {
				t.Errorf("nobody is killed at %s", p)
			}
		}
	}
	sources := commit(t) // now: by its end somebody may have changed them
	jobs := jobsOf(chosen)
	queue := make(chan job, len(jobs))
	planned := 0
	for _, j := range jobs {
		planned += len(j.points)
		queue <- j
	}
	close(queue)
	if planned == 0 {
		t.Fatalf("no point is called %q", *only)
	}
	var mu sync.Mutex
	var outcomes []outcome
	began := time.Now()
	t.Run("shops", func(t *testing.T) {
		for i := range min(len(jobs), shopsAtOnce()) {
			t.Run(fmt.Sprint(i+1), func(t *testing.T) {
				t.Parallel()
				s := newStack(t)
				var found []outcome
				defer func() { // also of a shop that cannot go on
					mu.Lock()
					defer mu.Unlock()
					outcomes = append(outcomes, found...)
				}()
				for j := range queue {
					s.crashAll(j, &found)
				}
				s.judgeAll(found)
			})
		}
	})
	if len(outcomes) != planned {
		t.Errorf("%d crashes were planned, and %d tried", planned, len(outcomes))
	}
	tell(t, sources, outcomes, time.Since(began))
}

// shopsAtOnce is how many shops are killed side by side.
func shopsAtOnce() int {
	parallel, known := flag.Lookup("test.parallel").Value.(flag.Getter)
	if count, is := parallel.Get().(int); known && is {
		return count
	}
	return 1
}

// briefly is what is tried without -all: of each victim a request, a call to the provider and steps of
// checkout, fulfilment, cancellation and return. They wait for no timer.
var briefly = []struct{ victim, point string }{
	{"api", "checkout_confirmed: start Checkout#1 done"},
	{"api", "refund_completed: request receive-return commit#1 done"},
	{"worker", "fulfilment_cancelled: exchange Void#1 done"},
	{"worker", "fulfilment_cancelled: activity CancelLabel#1 recorded"},
	{"postgres", "fulfilment_three: activity Capture#3 done"},
	{"postgres", "refund_completed: local activity Complete#1 done"},
	{"temporal", "checkout_cancelled: local activity Cancel#1 done"},
	{"temporal", "fulfilment_one_vendor: activity BuyLabel#1 done"},
}

// selection is what is tried of each victim: all of it, or a few points.
func selection(points []point) map[string][]point {
	chosen := map[string][]point{}
	met := map[boundary]int{} // in how many histories a step's boundary was met before, Nth being 0
	for i, p := range points {
		kind := p.boundary
		kind.Nth = 0
		turn := met[kind]
		met[kind]++
		candidates := slices.DeleteFunc(slices.Clone(victims), func(name string) bool { return slices.Contains(scenarios[p.History].spared, name) })
		for j, name := range candidates {
			switch {
			case *victim != "" && *victim != name:
			case !strings.Contains(p.String(), *only), !sliced(i):
			case *only == "" && !*all && !*every && !isBrief(name, p):
			case *all && !*every && *only == "" && turn > 0 && turn%len(candidates) != j:
			default:
				chosen[name] = append(chosen[name], p)
			}
		}
	}
	return chosen
}

func isBrief(victim string, p point) bool {
	return slices.ContainsFunc(briefly, func(b struct{ victim, point string }) bool { return b.victim == victim && b.point == p.String() })
}

// sliced reports whether the ith point is in the slice that was asked for.
func sliced(i int) bool {
	var which, of int
	if _, err := fmt.Sscanf(*slice, "%d/%d", &which, &of); err != nil || of <= 0 {
		return true
	}
	return i%of == which%of
}

// jobsOf cuts points into jobs, the longest settings first.
func jobsOf(chosen map[string][]point) (jobs []job) {
	for _, name := range victims {
		var order []patiences
		bySettings := map[patiences][]point{}
		for _, p := range chosen[name] {
			settings := scenarios[p.History].patiences
			if bySettings[settings] == nil {
				order = append(order, settings)
			}
			bySettings[settings] = append(bySettings[settings], p)
		}
		for _, settings := range order {
			for points := range slices.Chunk(bySettings[settings], mostOfAJob) {
				jobs = append(jobs, job{name, points})
			}
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(len(b.points), len(a.points)) })
	return jobs
}

// crashAll kills the victim of a job at each point in turn, and then waits until all is over. Orders of
// earlier points recover meanwhile, and are killed again with the rest.
func (s *stack) crashAll(j job, found *[]outcome) {
	s.t.Helper()
	s.idle, s.patience = map[string]string{"api": "worker", "worker": "api"}[j.victim], scenarios[j.points[0].History].patiences
	s.restart()
	for i, at := range j.points {
		began := time.Now()
		o := s.crash(j.victim, at)
		s.t.Logf("%d of %d: killed %s at %s, held by %s: %s (%.1f s)", i+1, len(j.points), j.victim, at, o.Held, cmp.Or(o.Wrong, "restarted"), time.Since(began).Seconds())
		*found = append(*found, o)
		for i := range *found {
			s.lookAt(&(*found)[i])
		}
	}
	began := time.Now()
	s.settle(*found)
	s.t.Logf("waited %.1f s for the orders of these", time.Since(began).Seconds())
}
