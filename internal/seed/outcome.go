package seed

import (
	"math/rand/v2"
	"time"
)

// fate is how an order ends. Every order of the history has ended: no workflow stands behind it,
// so it must not wait for anything.
type fate int

const (
	delivered     fate = iota
	declined           // the provider refused the payment at checkout
	unpaid             // a bank transfer that never came
	cancelled          // by the customer or the shop, before it was shipped
	returnedWhole      // everything came back and was refunded
	returnedPart       // some of it
	refundedOnly       // something arrived broken: refunded, not restocked
)

// fates by payment method; what is not listed is delivered.
var fates = map[string][]share[fate]{
	"card":             {{0.035, declined}, {0.035, cancelled}, {0.030, returnedWhole}, {0.035, returnedPart}, {0.010, refundedOnly}, {0.855, delivered}},
	"wallet":           {{0.020, declined}, {0.030, cancelled}, {0.030, returnedWhole}, {0.035, returnedPart}, {0.010, refundedOnly}, {0.875, delivered}},
	"cash_on_delivery": {{0.090, cancelled}, {0.040, returnedWhole}, {0.030, returnedPart}, {0.840, delivered}},
	"bank_transfer":    {{0.080, unpaid}, {0.030, cancelled}, {0.020, returnedWhole}, {0.030, returnedPart}, {0.840, delivered}},
	"cash":             {{0.020, returnedWhole}, {0.020, returnedPart}, {0.960, delivered}},
}

var (
	cancelReasons = []share[string]{
		{0.40, "changed_mind"}, {0.25, "found_cheaper"}, {0.20, "delivery_too_slow"}, {0.15, "shipment_damaged"},
	}
	returnReasons  = []string{"does not fit", "not as described", "changed my mind", "too late", "bought by mistake"}
	declineReasons = []share[string]{{0.55, "insufficient_funds"}, {0.30, "declined"}, {0.15, "expired_card"}}
)

// transferLimit is how long an order waits for a bank transfer.
const transferLimit = 5 * day

const reasonUnpaid = "payment_expired"

// timeline says when each thing of an order happened; zero means never.
type timeline struct {
	placed, confirmed, packed, shipped, delivered, cancelled, refunded time.Time
}

// schedule decides a sale's fate and when it came. Returns that would lie in the future have not
// happened; deliveries that would are brought forward into the time that is left.
func (h *history) schedule(s sale, rnd *rand.Rand) (fate, timeline) {
	end := pickShare(rnd, fates[s.method])
	t := timeline{placed: s.at}
	switch end {
	case declined:
		t.cancelled = t.placed.Add(between(rnd, 300*time.Millisecond, 2*time.Second))
		return end, h.squeeze(t)
	case unpaid:
		t.cancelled = t.placed.Add(transferLimit)
		return end, h.squeeze(t)
	}
	t.confirmed = t.placed.Add(between(rnd, 250*time.Millisecond, 3*time.Second))
	if s.method == "bank_transfer" {
		t.confirmed = t.placed.Add(between(rnd, 4*time.Hour, 3*day))
	}
	if end == cancelled {
		t.cancelled = t.confirmed.Add(between(rnd, 10*time.Minute, 20*time.Hour))
		return end, h.squeeze(t)
	}
	if s.channel == "counter" { // handed over at once
		t.packed = t.confirmed.Add(between(rnd, 10*time.Second, time.Minute))
		t.shipped = t.packed.Add(between(rnd, time.Second, 10*time.Second))
		t.delivered = t.shipped.Add(between(rnd, time.Second, 10*time.Second))
	} else {
		t.packed = t.confirmed.Add(between(rnd, 3*time.Hour, 40*time.Hour))
		t.shipped = t.packed.Add(between(rnd, time.Hour, 10*time.Hour))
		transit := h.shoppers[s.shopper].land.transit
		t.delivered = t.shipped.Add(between(rnd, transit/2, transit*2))
	}
	if end == delivered {
		return end, h.squeeze(t)
	}
	t.refunded = t.delivered.Add(between(rnd, 2*day, 21*day))
	if !t.refunded.Before(h.calendar.until) {
		t.refunded = time.Time{}
		end = delivered
	}
	return end, h.squeeze(t)
}

// squeeze brings what would lie after the history forward, in order, into what is left of it.
func (h *history) squeeze(t timeline) timeline {
	left := h.calendar.until.Sub(t.placed)
	last := t.placed
	steps := []*time.Time{&t.confirmed, &t.packed, &t.shipped, &t.delivered, &t.cancelled, &t.refunded}
	for _, step := range steps {
		if step.After(last) {
			last = *step
		}
	}
	if last.Before(h.calendar.until) {
		return t
	}
	factor := 0.95 * float64(left) / float64(last.Sub(t.placed))
	for _, step := range steps {
		if !step.IsZero() {
			*step = t.placed.Add(time.Duration(float64(step.Sub(t.placed)) * factor)).Truncate(time.Microsecond)
		}
	}
	return t
}
