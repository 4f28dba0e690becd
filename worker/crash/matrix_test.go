package crash_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	all    = flag.Bool("all", false, "crash at every point, not at a selection")
	only   = flag.String("only", "", "crash at the points whose name contains this")
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
	Wrong string `json:"wrong,omitempty"` // empty: the order ended as it should

	at       point
	purchase *purchase
	passed   []*purchase // orders that ended without coming to the point
}

// TestCrashMatrix kills each process and server at the boundaries of every step that an order has
// taken in a recorded history. Whatever is killed, the order ends as it would have, it is charged
// as its state says by the provider's own count, and no unit of stock is lost. Without -all it
// tries a few points, which kill each victim, and hit each saga twice.
func TestCrashMatrix(t *testing.T) {
	points := recordedPoints(t)
	var mu sync.Mutex
	var outcomes []outcome
	began := time.Now()
	t.Run("shards", func(t *testing.T) {
		for _, shard := range [][]string{{"api", "postgres"}, {"worker", "temporal"}} {
			t.Run(strings.Join(shard, " and "), func(t *testing.T) {
				t.Parallel()
				s := newStack(t)
				var found []outcome
				for _, victim := range shard {
					found = append(found, s.crashAll(victim, selection(points, victim))...)
				}
				s.judgeAll(found)
				s.audit()
				mu.Lock()
				outcomes = append(outcomes, found...)
				mu.Unlock()
			})
		}
	})
	if len(outcomes) == 0 {
		t.Errorf("no point is called %q", *only)
	}
	tell(t, outcomes, time.Since(began))
}

// briefly is what is tried of each victim without -all: histories of which one step each is taken, a
// checkout, a fulfilment, a cancellation and a return for two victims each. They wait for no timer.
var briefly = map[string][]string{
	"api":      {"checkout_confirmed", "refund_completed"},
	"worker":   {"fulfilment_one_vendor", "fulfilment_cancelled"},
	"postgres": {"fulfilment_three", "refund_completed"},
	"temporal": {"checkout_looked_up", "fulfilment_cancelled"},
}

// selection is what is tried of a victim: all of it, or one point of each history that is tried briefly,
// further in for each.
func selection(points []point, victim string) (chosen []point) {
	if *only != "" {
		return slices.DeleteFunc(slices.Clone(points), func(p point) bool { return !strings.Contains(p.String(), *only) })
	}
	if *all {
		return points
	}
	turn := slices.Index(victims, victim)
	for i, name := range briefly[victim] {
		of := slices.DeleteFunc(slices.Clone(points), func(p point) bool {
			return p.History != name || p.Kind == "timer" && p.Phase == recorded
		})
		chosen = append(chosen, of[len(of)*(1+turn*2+i)/(2*len(victims)+1)])
	}
	return chosen
}

// crashAll kills a victim at each point in turn. Orders of earlier points recover meanwhile, and
// are killed again with the rest.
func (s *stack) crashAll(victim string, points []point) (outcomes []outcome) {
	s.t.Helper()
	s.idle, s.patience = map[string]string{"api": "worker", "worker": "api"}[victim], patiences{}
	s.restart()
	for i, at := range points {
		began := time.Now()
		if wanted := scenarios[at.History].patiences; wanted != s.patience {
			s.patience = wanted
			s.restart()
		}
		o := s.crash(victim, at)
		s.t.Logf("%d of %d: killed %s at %s, held by %s: %s (%.1f s)", i+1, len(points), victim, at, o.Held, cmp.Or(o.Wrong, "restarted"), time.Since(began).Seconds())
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// judgeAll says of each order what is wrong with it, when nothing is killed any more.
func (s *stack) judgeAll(outcomes []outcome) {
	s.t.Helper()
	for i := range outcomes {
		o := &outcomes[i]
		if o.Wrong == "" {
			for _, p := range append(o.passed, o.purchase) {
				if err := s.judge(p); err != nil {
					o.Wrong = strings.TrimSpace(o.Wrong + " " + err.Error())
				}
			}
		}
		if o.Wrong != "" {
			s.t.Errorf("%s killed at %s: order %s: %s", o.Victim, o.Point, o.Order, o.Wrong)
		}
	}
}

// restart starts the processes of the shop again, with other settings.
func (s *stack) restart() {
	s.t.Helper()
	for _, role := range []string{"api", "worker"} {
		if s.processes[role] != nil {
			s.kill(role)
		}
		s.start(role)
	}
}

// attempts is how many orders are placed until one comes to a point: what two parcels, or carrier and
// shop, do at the same time has no order.
const attempts = 5

// crash has an order come to a point, kills the victim while it is there, and starts it again.
func (s *stack) crash(victim string, at point) (o outcome) {
	s.t.Helper()
	o = outcome{Point: at.String(), Victim: victim, at: at}
	for range attempts {
		o.purchase = s.prepare(scenarios[at.History])
		trap := s.control.arm(at.boundary)
		placed := make(chan error, 1)
		go func() { placed <- s.place(o.purchase) }()
		caught, reached := s.watchFor(trap, placed, o.purchase)
		if reached {
			o.Held, o.PID = caught.Role, caught.PID
			if holder := s.processes[o.Held]; holder == nil || holder.command.Process.Pid != o.PID {
				o.Wrong = fmt.Sprintf("the point was reached by process %d, which is not the %s", o.PID, o.Held)
			}
			s.kill(victim)
			close(trap.release)
			s.start(victim)
		} else {
			s.control.disarm()
		}
		if err := <-placed; err != nil {
			o.Wrong = strings.TrimSpace(o.Wrong + " " + err.Error())
		}
		o.Order = o.purchase.order.String()
		if reached || o.Wrong != "" {
			return o
		}
		o.passed = append(o.passed, o.purchase)
	}
	o.Wrong = fmt.Sprintf("no process has come to the point; the last order has come to %v", s.control.visited(o.purchase.order))
	return o
}

// watchFor waits until a process has come to the point, or its order has ended without. placed is
// then answered again.
func (s *stack) watchFor(trap *trap, placed chan error, p *purchase) (caught arrival, reached bool) {
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	deadline := time.After(patience)
	ended := false
	for {
		select {
		case caught := <-trap.caught:
			return caught, true
		case <-deadline:
			return arrival{}, false
		case <-look.C:
			if ended {
				return arrival{}, false
			}
			select {
			case err := <-placed:
				placed <- err
				ended = err != nil || s.ended(p)
			default:
			}
		}
	}
}

// tell prints what became of each step under each victim, and writes it down.
func tell(t *testing.T, outcomes []outcome, took time.Duration) {
	t.Helper()
	type cell struct{ tried, well int }
	table := map[string]map[string]*cell{}
	well := 0
	for _, o := range outcomes {
		row := fmt.Sprintf("%s\t%s %s\t%s", strings.SplitN(o.at.History, "_", 2)[0], o.at.Kind, o.at.Name, o.at.Phase)
		if table[row] == nil {
			table[row] = map[string]*cell{}
		}
		if table[row][o.Victim] == nil {
			table[row][o.Victim] = &cell{}
		}
		table[row][o.Victim].tried++
		if o.Wrong == "" {
			table[row][o.Victim].well++
			well++
		}
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "workflow\tstep\tkilled when\t%s\n", strings.Join(victims, "\t"))
	rows := make([]string, 0, len(table))
	for row := range table {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	for _, row := range rows {
		fmt.Fprint(w, row)
		for _, victim := range victims {
			if c := table[row][victim]; c != nil {
				fmt.Fprintf(w, "\t%d of %d", c.well, c.tried)
			} else {
				fmt.Fprint(w, "\t-")
			}
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	t.Logf("\n%s\n%d of %d crashes ended as they should, in %s", text.String(), well, len(outcomes), took.Round(time.Second))
	if *report == "" {
		return
	}
	written, err := json.MarshalIndent(struct {
		Points   int       `json:"points"`
		Kills    int       `json:"kills"`
		Orders   int       `json:"orders"`
		Well     int       `json:"well"`
		Seconds  float64   `json:"seconds"`
		Outcomes []outcome `json:"outcomes"`
	}{distinct(outcomes), len(outcomes), len(outcomes), well, took.Seconds(), outcomes}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*report, append(written, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func distinct(outcomes []outcome) int {
	points := map[string]bool{}
	for _, o := range outcomes {
		points[o.Point] = true
	}
	return len(points)
}
