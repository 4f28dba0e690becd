package order

import (
	"math/big"
	"slices"

	"mercado/internal/money"
)

// Share splits amount in proportion to weights, to the cent: each part is rounded down, and the
// cents left over go to the parts that lost most by it, the earlier first. Weights must not be
// negative; all zero counts as all equal. The parts add up to amount.
//
//	Share(100, {1, 1, 1})     = {34, 33, 33}
//	Share(599, {1000, 3000})  = {150, 449}
func Share(amount money.Amount, weights []money.Amount) []money.Amount {
	sum := new(big.Int)
	for _, weight := range weights {
		sum.Add(sum, big.NewInt(int64(weight)))
	}
	if sum.Sign() == 0 {
		weights = slices.Repeat([]money.Amount{1}, len(weights))
		sum.SetInt64(int64(len(weights)))
	}
	parts := make([]money.Amount, len(weights))
	lost := make([]*big.Int, len(weights)) // in 1/sum of a cent
	left := amount
	byLoss := make([]int, len(weights))
	for i, weight := range weights {
		product := new(big.Int).Mul(big.NewInt(int64(amount)), big.NewInt(int64(weight)))
		part, rest := product.QuoRem(product, sum, new(big.Int))
		parts[i], lost[i], byLoss[i] = money.Amount(part.Int64()), rest, i
		left -= parts[i]
	}
	slices.SortStableFunc(byLoss, func(a, b int) int { return lost[b].Cmp(lost[a]) })
	for _, i := range byLoss[:left] {
		parts[i]++
	}
	return parts
}
