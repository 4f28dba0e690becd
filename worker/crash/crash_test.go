package crash_test

import (
	"fmt"
	"strings"
	"time"
)

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
			holder := s.processes[o.Held]
			switch {
			case holder == nil:
				o.Wrong = fmt.Sprintf("the point was reached by the process %q, which is not there", o.Held)
			case caught.Process != "" && caught.Process != holder.name:
				o.Wrong = fmt.Sprintf("the point was reached by %s, which is not %s", caught.Process, holder.name)
			case caught.Process != "":
				o.PID = holder.PID()
			case holder.PID() != o.PID:
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
		o.Order, o.back = o.purchase.order.String(), time.Now()
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

// judgeAll says of each order what is wrong with it, when nothing is killed any more, and of the shop.
func (s *stack) judgeAll(outcomes []outcome) {
	s.t.Helper()
	for i := range outcomes {
		o := &outcomes[i]
		if o.Wrong == "" {
			for _, p := range o.purchases() {
				if err := s.judge(p); err != nil {
					o.Wrong = strings.TrimSpace(o.Wrong + " " + err.Error())
				}
			}
		}
		if o.Wrong != "" {
			s.t.Error(*o)
		}
	}
	s.audit()
	for _, name := range s.control.notThoughtOf() {
		s.t.Errorf("the request %s: say whether it is killed there", name)
	}
}
