package order_test

import (
	"testing"

	"pgregory.net/rapid"

	"mercado/internal/money"
	"mercado/internal/order"
)

// TestWhatIsGivenBackIsNeverMoreThanWasPaid gives units and amounts back at random until nothing is
// left: no step takes more than there is, none is negative, and all of it adds up to the cent.
func TestWhatIsGivenBackIsNeverMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Map(rapid.Int64Range(0, 100_000), func(n int64) money.Amount { return money.Amount(n) })
		lines := make([]order.Sold, rapid.IntRange(1, 4).Draw(t, "lines"))
		for i := range lines {
			lines[i] = order.Sold{Qty: rapid.Int64Range(1, 7).Draw(t, "qty"), Total: cents.Draw(t, "total"), Tax: cents.Draw(t, "tax")}
		}
		shipping := cents.Draw(t, "shipping")
		back := func(line *order.Sold, qty int64, total, tax money.Amount) {
			line.RefundedQty, line.RefundedTotal, line.RefundedTax = line.RefundedQty+qty, line.RefundedTotal+total, line.RefundedTax+tax
			if left, leftTax := line.Left(); total < 0 || tax < 0 || left < 0 || leftTax < 0 {
				t.Fatalf("gave back %s and %s: %+v", total, tax, *line)
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "amounts") {
			left := shipping
			for _, line := range lines {
				total, tax := line.Left()
				left += total + tax
			}
			amount := money.Amount(rapid.Int64Range(0, int64(left)).Draw(t, "amount"))
			totals, taxes, ofShipping := order.Spread(amount, lines, shipping)
			sum := ofShipping
			for i := range lines {
				back(&lines[i], 0, totals[i], taxes[i])
				sum += totals[i] + taxes[i]
			}
			if shipping -= ofShipping; shipping < 0 || sum != amount {
				t.Fatalf("spread %s of %s, shipping left %s", sum, amount, shipping)
			}
			line := &lines[rapid.IntRange(0, len(lines)-1).Draw(t, "line")]
			if line.Refundable() > 0 {
				qty := rapid.Int64Range(1, line.Refundable()).Draw(t, "units")
				total, tax := line.RefundOf(qty)
				back(line, qty, total, tax)
			}
		}
		for i := range lines {
			for lines[i].Refundable() > 0 {
				total, tax := lines[i].RefundOf(1)
				back(&lines[i], 1, total, tax)
			}
			if total, tax := lines[i].Left(); total+tax != 0 {
				t.Fatalf("left over: %+v", lines[i])
			}
		}
	})
}

func TestLastUnitTakesTheRest(t *testing.T) {
	t.Parallel()
	line := order.Sold{Qty: 3, Total: 1000, Tax: 50}
	for i, want := range [][2]money.Amount{{333, 17}, {334, 16}, {333, 17}} {
		total, tax := line.RefundOf(1)
		if total != want[0] || tax != want[1] {
			t.Errorf("unit %d gives back %d and %d, want %d", i, total, tax, want)
		}
		line.RefundedQty, line.RefundedTotal, line.RefundedTax = line.RefundedQty+1, line.RefundedTotal+total, line.RefundedTax+tax
	}
	if total, tax := line.Left(); total != 0 || tax != 0 {
		t.Errorf("%d and %d are left", total, tax)
	}
}
