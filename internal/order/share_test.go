package order_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mercado/internal/money"
	"mercado/internal/order"
)

func TestShareAddsUpToTheCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Amount(rapid.Int64Range(0, 1<<50).Draw(t, "amount"))
		weights := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 1<<50), func(n int64) money.Amount { return money.Amount(n) }), 1, 12).Draw(t, "weights")
		var sum money.Amount
		for i, part := range order.Share(amount, weights) {
			if part < 0 || (weights[i] == 0 && part > 0 && slices.Max(weights) > 0) {
				t.Fatalf("part %d is %s", i, part)
			}
			sum += part
		}
		if sum != amount {
			t.Fatalf("parts add up to %s, want %s", sum, amount)
		}
	})
}

func TestShareFavoursWhoLostMost(t *testing.T) {
	t.Parallel()
	for _, example := range []struct {
		amount        money.Amount
		weights, want []money.Amount
	}{
		{100, []money.Amount{1, 1, 1}, []money.Amount{34, 33, 33}},
		{599, []money.Amount{1000, 3000}, []money.Amount{150, 449}},
		{3, []money.Amount{0, 0}, []money.Amount{2, 1}},
	} {
		if got := order.Share(example.amount, example.weights); !slices.Equal(got, example.want) {
			t.Errorf("Share(%d, %d) = %d, want %d", example.amount, example.weights, got, example.want)
		}
	}
}
