package seed

import (
	"github.com/shopspring/decimal"

	"mercado/internal/money"
	"mercado/internal/order"
)

const (
	shippingCost     money.Amount = 490
	freeShippingFrom money.Amount = 6_000 // of the subtotal after discount
)

// bill is an order's money, to the cent.
type bill struct {
	lines                                    []billLine
	subtotal, discount, tax, shipping, total money.Amount
}

type billLine struct {
	unitPrice, unitCost money.Amount
	discountPercent     decimal.Decimal
	discount, total     money.Amount // total is after discount, before tax and shipping
}

// billFor works out what a sale costs.
func (h *history) billFor(s sale) bill {
	var b bill
	gross := make([]money.Amount, len(s.lines))
	for i, line := range s.lines {
		price, cost := h.goods[line.product].at(s.day)
		gross[i] = price * money.Amount(line.qty)
		b.subtotal += gross[i]
		b.lines = append(b.lines, billLine{unitPrice: price, unitCost: cost})
	}
	if s.code != nil {
		b.discount = s.code.fixed + roundedShare(b.subtotal, s.code.percent, 100)
	}
	for i, part := range order.Share(b.discount, gross) {
		line := &b.lines[i]
		line.discount = part
		line.total = gross[i] - part
		if part > 0 {
			line.discountPercent = decimal.New(int64(part), 0).Mul(decimal.New(100, 0)).DivRound(decimal.New(int64(gross[i]), 0), 4)
		}
	}
	after := b.subtotal - b.discount
	b.tax = roundedShare(after, h.shoppers[s.shopper].land.taxPercent, 100)
	if s.channel != "counter" && after < freeShippingFrom {
		b.shipping = shippingCost
	}
	b.total = after + b.tax + b.shipping
	return b
}

// roundedShare is amount × of / whole, halves rounded up.
func roundedShare(amount money.Amount, of, whole int64) money.Amount {
	return (amount*money.Amount(of) + money.Amount(whole)/2) / money.Amount(whole)
}
