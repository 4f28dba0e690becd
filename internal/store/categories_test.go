package store_test

import (
	"errors"
	"testing"
	"time"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// TestTwoMovesMakeNoCycle moves a category below another while that one is being moved below it.
func TestTwoMovesMakeNoCycle(t *testing.T) {
	t.Parallel()
	db := open(t)
	add := func(name string) int64 {
		t.Helper()
		added, err := db.AddCategory(t.Context(), shopdb.CreateCategoryParams{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return added.ID
	}
	one, other := add("one"), add("other")
	move := func(db *store.DB, id, parent int64) error {
		_, err := db.ChangeCategory(t.Context(), shopdb.UpdateCategoryParams{ID: id, ParentID: &parent})
		return err
	}
	ended := make(chan error, 1)
	err := db.InTx(t.Context(), func(q *shopdb.Queries) error {
		if err := q.LockCategoryTree(t.Context()); err != nil {
			return err
		}
		if _, err := q.UpdateCategory(t.Context(), shopdb.UpdateCategoryParams{ID: one, ParentID: &other}); err != nil {
			return err
		}
		go func() { ended <- move(db, other, one) }()
		deadline := time.After(2 * time.Minute)
		for look := time.NewTicker(10 * time.Millisecond); ; <-look.C {
			var waits bool
			err := db.Pool.QueryRow(t.Context(), `
				select exists (select from pg_locks where relation = 'catalog.categories'::regclass and not granted
					and database = (select oid from pg_database where datname = current_database()))`).Scan(&waits)
			if err != nil || waits {
				return err
			}
			select {
			case err := <-ended:
				ended <- err
				return errors.New("the second move did not wait for the first")
			case <-deadline:
				return errors.New("the second move neither waits nor ends")
			default:
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, store.ErrCategoryCycle) {
		t.Errorf("the second move: %v, want %v", err, store.ErrCategoryCycle)
	}
}
