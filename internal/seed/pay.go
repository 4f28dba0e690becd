package seed

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mercado/internal/money"
	"mercado/internal/store/shopdb"
)

// pay writes the money that moved: authorised at checkout and captured as parcels go for cards
// and wallets, captured on delivery for cash on delivery, at confirmation for the rest.
func (s *settlement) pay() {
	id := newID(s.times.placed, s.rnd)
	charge := fmt.Sprintf("hist_%s", id)
	s.payment = shopdb.SeedPaymentsParams{
		ID: id, OrderID: s.order.ID, Provider: provider, Method: s.sale.method, ProviderReference: &charge,
		Status: "completed", Amount: s.bill.total, AuthorizedAmount: s.bill.total, CapturedAmount: s.bill.total,
		Currency: currency, CreatedAt: s.times.placed, UpdatedAt: s.times.last(),
	}
	s.order.PaymentStatus = "completed"
	asksFirst := s.sale.method != "cash_on_delivery" && s.sale.method != "cash"
	switch {
	case s.fate == declined:
		s.unpaid("failed")
		code := pickShare(s.rnd, declineReasons)
		s.attempt("authorize", s.bill.total, s.times.placed, s.times.cancelled, "declined", &code)
		return
	case s.fate == unpaid:
		s.unpaid("failed")
		s.attempt("authorize", s.bill.total, s.times.placed, s.times.cancelled, "failed", nil)
		return
	case asksFirst:
		s.attempt("authorize", s.bill.total, s.times.placed, s.times.confirmed, "approved", nil)
	default:
		s.payment.AuthorizedAmount = 0
	}
	s.tell("order.confirmed", s.times.confirmed, map[string]any{"total_amount": json.Number(s.bill.total.String())})
	if s.fate == cancelled {
		s.giveBack(asksFirst)
		return
	}
	switch s.sale.method {
	case "cash_on_delivery":
		s.capture("", s.bill.total, s.times.delivered)
	case "cash", "bank_transfer":
		s.capture("", s.bill.total, s.times.confirmed)
	}
}

// capture takes an amount, of one parcel where it is for that alone.
func (s *settlement) capture(parcel string, amount money.Amount, at time.Time) {
	s.attempt("capture"+parcel, amount, at, at, "approved", nil)
}

// giveBack ends the payment of an order that was cancelled after it was confirmed: a bank
// transfer has arrived and is refunded, a card is only let go.
func (s *settlement) giveBack(asked bool) {
	if s.sale.method == "bank_transfer" {
		s.capture("", s.bill.total, s.times.confirmed)
		// Nothing was sold in the end, so there are no refunded lines.
		s.refundMoney(s.bill.total, *s.cancelReason(), s.times.cancelled)
		return
	}
	s.unpaid("voided")
	if asked {
		s.payment.AuthorizedAmount = s.bill.total
		s.attempt("void", s.bill.total, s.times.cancelled, s.times.cancelled, "approved", nil)
	}
}

// unpaid ends the payment without a cent taken.
func (s *settlement) unpaid(status string) {
	s.payment.Status, s.payment.AuthorizedAmount, s.payment.CapturedAmount = status, 0, 0
	s.order.PaymentStatus = "failed"
}

// refund sends goods back, or only their money.
func (s *settlement) refund() {
	if s.times.refunded.IsZero() {
		return
	}
	type back struct {
		item *shopdb.SeedOrderItemsParams
		qty  int64
	}
	var backs []back
	switch s.fate {
	case returnedWhole:
		for i := range s.items {
			backs = append(backs, back{&s.items[i], s.items[i].Qty})
		}
	default:
		item := &s.items[s.rnd.IntN(len(s.items))]
		backs = append(backs, back{item, 1 + s.rnd.Int64N(item.Qty)})
		if s.fate == returnedPart && len(s.items) == 1 && backs[0].qty == item.Qty {
			s.fate = returnedWhole
		}
	}

	var net money.Amount
	items := make([]shopdb.SeedRefundItemsParams, 0, len(backs))
	for _, b := range backs {
		amount := roundedShare(b.item.TotalPrice, b.qty, b.item.Qty)
		net += amount
		restocked := s.fate != refundedOnly
		items = append(items, shopdb.SeedRefundItemsParams{
			OrderItemID: b.item.ID, Qty: b.qty, Amount: amount, Restocked: restocked,
		})
		if restocked {
			b.item.ReturnedQty = b.qty
			s.book(b.item.ItemID, move{s.times.refunded, "return", b.qty, "order", s.reference, "returned by customer"})
		}
	}
	// Lines are refunded as they count in revenue, before tax; the customer gets the tax on them
	// as well, and the shipping when everything comes back.
	amount := s.bill.total
	if s.fate != returnedWhole {
		amount = net + s.bill.tax*net/(s.bill.subtotal-s.bill.discount)
	}
	reason := "arrived damaged"
	if s.fate != refundedOnly {
		reason = oneOf(s.rnd, returnReasons)
	}
	refund := s.refundMoney(amount, reason, s.times.refunded)
	for i := range items {
		items[i].RefundID = refund.ID
	}
	s.rows.refundItems = append(s.rows.refundItems, items...)
}

func (s *settlement) refundMoney(amount money.Amount, reason string, at time.Time) shopdb.SeedRefundsParams {
	refund := shopdb.SeedRefundsParams{
		ID: newID(at, s.rnd), OrderID: s.order.ID, Reason: reason, Amount: amount, Currency: currency,
		Status: "completed", CreatedAt: at, CompletedAt: &at, UpdatedAt: at,
	}
	s.rows.refunds = append(s.rows.refunds, refund)
	s.attempt("refund", amount, at, at, "approved", nil)
	s.payment.RefundedAmount = amount
	s.payment.Status = "partially_refunded"
	if amount == s.payment.CapturedAmount {
		s.payment.Status = "refunded"
	}
	s.order.PaymentStatus = s.payment.Status
	return refund
}

// attempt writes what the provider was asked, as "operation" or "operation/what for", and what
// it answered.
func (s *settlement) attempt(request string, amount money.Amount, asked, answered time.Time, outcome string, declineCode *string) {
	operation, _, _ := strings.Cut(request, "/")
	row := shopdb.SeedPaymentAttemptsParams{
		PaymentID: s.payment.ID, Operation: operation, IdempotencyKey: s.reference + "/" + request,
		Amount: amount, Currency: currency, Outcome: "asked", OccurredAt: asked,
	}
	answer := row
	answer.Outcome, answer.OccurredAt = outcome, answered
	answer.DeclineCode, answer.ProviderReference = declineCode, s.payment.ProviderReference
	s.rows.attempts = append(s.rows.attempts, row, answer)
}

// move is one change of a product's stock before the ledger is balanced.
type move struct {
	at                              time.Time
	kind                            string
	qty                             int64
	referenceType, referenceID, why string
}

// book notes a move of a product.
func (h *history) book(productID int64, m move) {
	h.moves[productID-1] = append(h.moves[productID-1], m)
}

// makeAbandonedCarts adds the carts that held stock for a quarter of an hour and were left.
func (h *history) makeAbandonedCarts(rnd *rand.Rand) {
	wanted := h.demandByMonth()
	var web int
	for _, s := range h.sales {
		if s.channel == "web" {
			web++
		}
	}
	for range int(float64(web) * abandonedPerOrder) {
		buyer := rnd.IntN(len(h.shoppers))
		who := h.shoppers[buyer]
		on := h.calendar.demand.pickIn(rnd, who.from, h.calendar.days)
		at := h.calendar.moment(on, rnd)
		expires := at.Add(holdTTL)
		if at.Before(who.joined) || !expires.Before(h.calendar.until) {
			continue
		}
		cart := shopdb.SeedCartsParams{
			ID: newID(at, rnd), CustomerID: int64(buyer + 1), Status: "abandoned", Currency: currency,
			CreatedAt: at, UpdatedAt: expires,
		}
		h.rows.carts = append(h.rows.carts, cart)
		for _, line := range h.fillBasket(on, wanted[h.calendar.month(on)], rnd) {
			price, _ := h.goods[line.product].at(on)
			h.rows.cartItems = append(h.rows.cartItems, shopdb.SeedCartItemsParams{
				CartID: cart.ID, ItemID: int64(line.product + 1), VendorID: h.goods[line.product].vendor,
				Qty: line.qty, UnitPrice: price, AddedAt: at, UpdatedAt: at,
			})
			h.book(int64(line.product+1), move{at, "reserve", line.qty, "cart", cart.ID.String(), ""})
			h.book(int64(line.product+1), move{expires, "release", line.qty, "cart", cart.ID.String(), "hold expired"})
		}
	}
}
