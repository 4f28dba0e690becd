package store

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// ErrCategoryCycle is returned when a category would be put below itself.
var ErrCategoryCycle = errors.New("category would be below itself")

// AddCategory fails with ErrNameTaken or ErrUnknownCategory.
func (db *DB) AddCategory(ctx context.Context, category shopdb.CreateCategoryParams) (shopdb.CatalogCategory, error) {
	created, err := db.CreateCategory(ctx, category)
	return created, failed("create category", err)
}

// Category fails with ErrNotFound.
func (db *DB) Category(ctx context.Context, id int64) (shopdb.CatalogCategory, error) {
	category, err := db.GetCategory(ctx, id)
	return category, failed("get category", err)
}

// ChangeCategory sets what is not nil; a ParentID of 0 makes the category a root. It fails with
// ErrNotFound, ErrNameTaken, ErrUnknownCategory, ErrCategoryCycle or, where change.Versions is not
// nil and lacks the category's, ErrVersion.
func (db *DB) ChangeCategory(ctx context.Context, change shopdb.UpdateCategoryParams) (shopdb.CatalogCategory, error) {
	var changed shopdb.CatalogCategory
	err := db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		if change.ParentID != nil {
			if err := refuseCycle(ctx, q, change.ID, *change.ParentID); err != nil {
				return err
			}
		}
		changed, err = q.UpdateCategory(ctx, change)
		if errors.Is(err, pgx.ErrNoRows) && change.Versions != nil {
			_, err = q.GetCategory(ctx, change.ID)
			return cmp.Or(err, ErrVersion)
		}
		return err
	})
	return changed, failed("update category", err)
}

func refuseCycle(ctx context.Context, q *shopdb.Queries, id, parentID int64) error {
	if err := q.LockCategoryTree(ctx); err != nil {
		return err
	}
	below, err := q.IsInSubtree(ctx, shopdb.IsInSubtreeParams{ID: parentID, Root: id})
	if err == nil && below {
		return ErrCategoryCycle
	}
	return err
}
