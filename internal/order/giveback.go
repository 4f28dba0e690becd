package order

import (
	"time"

	"mercado/internal/money"
)

// Sold is a line of an order that arrived: what was paid for it, and what was given back of that.
type Sold struct {
	Qty         int64
	Total, Tax  money.Amount // of the whole line
	DeliveredAt time.Time

	RefundedQty   int64
	RefundedTotal money.Amount
	RefundedTax   money.Amount

	ReturnedQty int64 // came back
	ComingQty   int64 // on their way back
}

// Returnable is how many units may still be sent back.
func (s Sold) Returnable() int64 { return s.Qty - s.ReturnedQty - s.ComingQty }

// Refundable is for how many units no money was given back yet.
func (s Sold) Refundable() int64 { return s.Qty - s.RefundedQty }

// Left is what can still be given back of the line.
func (s Sold) Left() (total, tax money.Amount) {
	return s.Total - s.RefundedTotal, s.Tax - s.RefundedTax
}

// RefundOf is what qty more units are worth, at most Refundable: their share of the line, to the
// cent. The shares of all units add up to the line, and the last takes what is left of it, whatever
// was given back before.
func (s Sold) RefundOf(qty int64) (total, tax money.Amount) {
	leftTotal, leftTax := s.Left()
	if s.RefundedQty+qty >= s.Qty {
		return leftTotal, leftTax
	}
	upTo := func(amount money.Amount, units int64) money.Amount {
		return Share(amount, []money.Amount{money.Amount(units), money.Amount(s.Qty - units)})[0]
	}
	share := func(amount, left money.Amount) money.Amount {
		return min(upTo(amount, s.RefundedQty+qty)-upTo(amount, s.RefundedQty), left)
	}
	return share(s.Total, leftTotal), share(s.Tax, leftTax)
}

// Spread takes amount from what is left of the lines and of the shipping, each in proportion to what
// is left of it. amount must not be more than all of it.
func Spread(amount money.Amount, lines []Sold, shippingLeft money.Amount) (totals, taxes []money.Amount, shipping money.Amount) {
	weights := make([]money.Amount, 0, 2*len(lines)+1)
	for _, line := range lines {
		total, tax := line.Left()
		weights = append(weights, total, tax)
	}
	parts := Share(amount, append(weights, shippingLeft))
	for i := range lines {
		totals, taxes = append(totals, parts[2*i]), append(taxes, parts[2*i+1])
	}
	return totals, taxes, parts[2*len(lines)]
}
