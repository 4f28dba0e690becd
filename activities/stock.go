package activities

import (
	"context"
	"fmt"

	"mercado/internal/store"
)

// Stock keeps the table of holds short.
type Stock struct {
	DB *store.DB
}

// sweptProducts is of how many products a batch releases expired holds: few enough that nobody waits
// long for one of them.
const sweptProducts = 200

// ReleaseExpired releases the expired holds of a batch of products, and returns how many there were.
func (s *Stock) ReleaseExpired(ctx context.Context) (int64, error) {
	released, err := s.DB.SweepHolds(ctx, sweptProducts)
	if err != nil {
		return 0, fmt.Errorf("release expired holds: %w", err)
	}
	return released, nil
}
