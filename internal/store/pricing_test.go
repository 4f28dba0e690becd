package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/store"
)

// TestSharesAreTheSameInTheDatabase compares ordering.share with order.Share.
func TestSharesAreTheSameInTheDatabase(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	db, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	share := func(t rapid.TB, amount money.Amount, weights []money.Amount) []money.Amount {
		t.Helper()
		given := make([]pgtype.Numeric, len(weights))
		for i, weight := range weights {
			given[i], _ = weight.NumericValue()
		}
		rows, err := db.Pool.Query(context.Background(), "select unnest(ordering.share($1, $2))", amount, given)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var parts []money.Amount
		for rows.Next() {
			var part money.Amount
			if err := rows.Scan(&part); err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return parts
	}
	amounts := rapid.Map(rapid.OneOf(rapid.Int64Range(0, 300), rapid.Int64Range(0, 1<<56)), func(n int64) money.Amount { return money.Amount(n) })
	rapid.Check(t, func(t *rapid.T) {
		amount := amounts.Draw(t, "amount")
		weights := rapid.SliceOfN(amounts, 1, 12).Draw(t, "weights")
		if got, want := share(t, amount, weights), order.Share(amount, weights); !slices.Equal(got, want) {
			t.Fatalf("the database shares %v, Go %v", got, want)
		}
	})
}
