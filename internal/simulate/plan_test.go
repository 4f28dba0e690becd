package simulate

import (
	"reflect"
	"testing"
	"time"
)

func TestSameSeedGivesTheSamePlans(t *testing.T) {
	t.Parallel()
	differ := 0
	for i := range uint64(200) {
		if !reflect.DeepEqual(planOf(3, i, 50), planOf(3, i, 50)) {
			t.Fatalf("visit %d is not the same again", i)
		}
		if !reflect.DeepEqual(planOf(3, i, 50), planOf(4, i, 50)) {
			differ++
		}
	}
	if differ < 190 {
		t.Errorf("another seed changes only %d of 200 visits", differ)
	}
}

func TestPlansHoldEveryIntentAndPayment(t *testing.T) {
	t.Parallel()
	seen, paid, brought := map[intent]bool{}, map[payment]bool{}, map[errand]bool{}
	for i := range uint64(2000) {
		p := planOf(1, i, 10)
		seen[p.intent], paid[p.payment], brought[p.errand] = true, true, true
		if p.customer < 0 || p.customer >= 10 || len(p.lines) == 0 || len(p.details) == 0 {
			t.Fatalf("visit %d: %+v", i, p)
		}
	}
	if len(seen) != len(intents) || len(paid) != len(payments) || len(brought) != len(errands) {
		t.Errorf("of 2000 visits: %v %v %v", seen, paid, brought)
	}
}

func TestLatenciesKeepTheirQuantiles(t *testing.T) {
	t.Parallel()
	var l latencies
	if l.quantile(0.5) != 0 {
		t.Error("a latency of nothing")
	}
	for i := 1; i <= 1000; i++ {
		l.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := l.quantile(q); got < want || float64(got) > float64(want)*classWidth {
			t.Errorf("quantile %v is %s, want %s and at most 5 %% more", q, got, want)
		}
	}
	l.add(24 * time.Hour)
	if l.quantile(1) != 24*time.Hour {
		t.Errorf("the longest is %s", l.quantile(1))
	}
}
