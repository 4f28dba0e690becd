package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// AddReview writes what a customer says of a product. It fails with ErrNotFound for an unknown
// product, ErrReviewed, ErrUnknownCustomer, or ErrNoPurchase where review.OrderID is not nil and no
// sold order of the customer's that holds the product.
func (db *DB) AddReview(ctx context.Context, review shopdb.CreateReviewParams) (shopdb.CatalogReview, error) {
	var written shopdb.CatalogReview
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		written, err = q.CreateReview(ctx, review)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrUnknownCustomer
		}
		if err == nil && review.OrderID != nil && !written.IsVerifiedPurchase {
			return ErrNoPurchase
		}
		return err
	})
	return written, failed("add review", err)
}

// Review fails with ErrNotFound.
func (db *DB) Review(ctx context.Context, id int64) (shopdb.CatalogReview, error) {
	review, err := db.GetReview(ctx, id)
	return review, failed("get review", err)
}

// ReviewKey is where a page of reviews ended; its order says which fields count.
type ReviewKey struct {
	Order  string
	ID     int64
	Time   time.Time
	Number int32
}

// ChangeReview sets what is not nil of a review of the customer's. It fails with ErrNotFound or
// ErrVersion.
func (db *DB) ChangeReview(ctx context.Context, change shopdb.UpdateReviewParams) (shopdb.CatalogReview, error) {
	var changed shopdb.CatalogReview
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		changed, err = q.UpdateReview(ctx, change)
		if errors.Is(err, pgx.ErrNoRows) {
			return whyUnchanged(ctx, q, change.ID, &change.CustomerID)
		}
		return err
	})
	return changed, failed("update review", err)
}

// RemoveReview takes a review away, of the customer's where that is not nil. It fails with
// ErrNotFound or ErrVersion.
func (db *DB) RemoveReview(ctx context.Context, which shopdb.DeleteReviewParams) error {
	return failed("delete review", db.InTx(ctx, func(q *shopdb.Queries) error {
		rows, err := q.DeleteReview(ctx, which)
		if err == nil && rows == 0 {
			return whyUnchanged(ctx, q, which.ID, which.CustomerID)
		}
		return err
	}))
}

func whyUnchanged(ctx context.Context, q *shopdb.Queries, id int64, customerID *int64) error {
	review, err := q.GetReview(ctx, id)
	if err != nil {
		return err
	}
	return unchanged(customerID == nil || *customerID == review.CustomerID)
}

// Vote counts a customer's vote on a review, once; nil takes it back. It fails with ErrNotFound, or
// with ErrOwnReview.
func (db *DB) Vote(ctx context.Context, id, customerID int64, isHelpful *bool) (shopdb.CatalogReview, error) {
	var counted shopdb.CatalogReview
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if counted, err = q.GetReview(ctx, id); err != nil {
			return err
		}
		switch {
		case counted.CustomerID == customerID:
			return ErrOwnReview
		case isHelpful == nil:
			err = q.TakeBackVote(ctx, shopdb.TakeBackVoteParams{ReviewID: id, CustomerID: customerID})
		default:
			err = q.VoteReview(ctx, shopdb.VoteReviewParams{ReviewID: id, CustomerID: customerID, IsHelpful: *isHelpful})
		}
		if err != nil {
			return err
		}
		counted, err = q.GetReview(ctx, id)
		return err
	})
	return counted, failed("vote on review", err)
}
