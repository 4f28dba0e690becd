package store

import (
	"context"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// FindTimelineSubject tells whose an order is, and whether vendorID (0: nobody) has lines in it, or
// ErrNotFound.
func (db *DB) FindTimelineSubject(ctx context.Context, id uuid.UUID, vendorID int64) (shopdb.TimelineSubjectRow, error) {
	found, err := db.TimelineSubject(ctx, shopdb.TimelineSubjectParams{ID: id, VendorID: &vendorID})
	return found, failed("read order", err)
}
