package seed

import (
	"math/rand/v2"
	"slices"
	"time"

	"mercado/internal/store/shopdb"
)

const (
	holdTTL      = 15 * time.Minute
	coverDays    = 45.0 // what a delivery is meant to last
	alarmDays    = 9.0  // stock that makes the vendor send the next one
	stocktakings = 3    // times a product was counted, at most
)

// keeper balances one product's books: it adds the deliveries that made the sales possible.
type keeper struct {
	history          *history
	rnd              *rand.Rand
	productID        int64
	item             good
	onHand, reserved int64
	last             time.Time
	due              time.Time // of the next delivery; zero when none is on its way
	batch, alarm     int64
}

// keepStock writes the ledger and the balances it adds up to. On hand and reserved are never
// below zero at any moment, and nothing is reserved in the end.
func (h *history) keepStock(rnd *rand.Rand) {
	for i, item := range h.goods {
		k := keeper{history: h, rnd: rnd, productID: int64(i + 1), item: item, last: item.launched}
		moves := h.moves[i]
		var sold int64
		for _, m := range moves {
			if m.kind == "commit" {
				sold += m.qty
			}
		}
		perDay := float64(sold) / float64(max(1, item.retiredDay-max(0, item.launchDay)))
		k.batch = max(item.batch, int64(perDay*coverDays))
		k.alarm = max(2, int64(perDay*alarmDays))
		moves = append(moves, k.countings()...)
		slices.SortStableFunc(moves, func(a, b move) int { return a.at.Compare(b.at) })

		k.write(move{item.launched, "initial", k.batch + rnd.Int64N(k.batch), "inventory", "", "first delivery"})
		for _, m := range moves {
			k.apply(m)
		}
		if !k.due.IsZero() && k.due.Before(h.calendar.until) {
			k.deliver(k.due)
		}
		h.rows.stock = append(h.rows.stock, shopdb.SeedStockParams{
			ProductID: k.productID, OnHand: k.onHand, Reserved: k.reserved, UpdatedAt: k.last,
		})
	}
}

// countings are the stocktakings, and the clearance of a product that is sold no more.
func (k *keeper) countings() []move {
	var moves []move
	from := max(0, k.item.launchDay) + 1
	for range k.rnd.IntN(stocktakings + 1) {
		on := from + k.rnd.IntN(k.history.calendar.days-from)
		at := k.history.calendar.date(on).Add(between(k.rnd, 20*time.Hour, 22*time.Hour))
		moves = append(moves, move{at, "adjustment", k.rnd.Int64N(4) - 2, "inventory", "", "stocktaking"})
	}
	if k.item.retiredDay < k.history.calendar.days {
		at := k.history.calendar.date(k.item.retiredDay).Add(12 * time.Hour)
		moves = append(moves, move{at: at, kind: "adjustment", referenceType: "inventory", why: clearance})
	}
	return moves
}

const clearance = "clearance"

// apply writes a move, after the deliveries that came before it.
func (k *keeper) apply(m move) {
	if !k.due.IsZero() && !k.due.After(m.at) {
		k.deliver(k.due)
	}
	free := k.onHand - k.reserved
	switch {
	case m.kind == "reserve" && free < m.qty:
		// The vendor heard of the shortage in time: the delivery came some hours before.
		came := m.at.Add(-between(k.rnd, time.Hour, 8*time.Hour))
		if came.Before(k.last) {
			came = k.last
		}
		k.deliver(came)
		if free = k.onHand - k.reserved; free < m.qty {
			k.deliver(came)
		}
	case m.why == clearance:
		k.due = time.Time{}
		m.qty = -free
	case m.kind == "adjustment":
		m.qty = max(m.qty, -free)
	}
	if m.qty == 0 {
		return
	}
	k.write(m)
	stillSold := m.at.Before(k.history.calendar.date(k.item.retiredDay))
	if m.kind == "commit" && k.due.IsZero() && stillSold && k.onHand-k.reserved <= k.alarm {
		k.due = m.at.Truncate(day).Add(day*time.Duration(1+k.rnd.IntN(6)) + between(k.rnd, 6*time.Hour, 10*time.Hour))
	}
}

func (k *keeper) deliver(at time.Time) {
	k.due = time.Time{}
	k.write(move{at, "restock", k.batch*3/4 + k.rnd.Int64N(k.batch/2+1), "inventory", "", "delivery"})
}

// directions say what a move of each kind does to on hand and reserved.
var directions = map[string]struct{ onHand, reserved int64 }{
	"initial": {1, 0}, "restock": {1, 0}, "adjustment": {1, 0},
	"reserve": {0, 1}, "release": {0, -1}, "commit": {-1, -1}, "return": {1, 0},
}

func (k *keeper) write(m move) {
	direction := directions[m.kind]
	k.onHand += direction.onHand * m.qty
	k.reserved += direction.reserved * m.qty
	k.last = m.at
	k.history.rows.ledger = append(k.history.rows.ledger, shopdb.SeedStockLedgerParams{
		ProductID: k.productID, Kind: m.kind,
		OnHandDelta: direction.onHand * m.qty, ReservedDelta: direction.reserved * m.qty,
		Reason: m.why, ReferenceType: m.referenceType, ReferenceID: m.referenceID,
		OccurredAt: m.at, RecordedAt: m.at,
	})
}
