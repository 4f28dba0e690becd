package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mercado/internal/store"
)

// TestSessionEndsWhileItIsBeingRenewed lets a session end, in each way that it can, while the next
// token of it is being made: whoever gets that token must not have a session with it.
func TestSessionEndsWhileItIsBeingRenewed(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(db *store.DB, user int64, token, used string) error{
		"signed out": func(db *store.DB, _ int64, token, _ string) error {
			return db.EndSession(context.Background(), token, false)
		},
		"signed out everywhere": func(db *store.DB, _ int64, token, _ string) error {
			return db.EndSession(context.Background(), token, true)
		},
		"account closed": func(db *store.DB, user int64, _, _ string) error {
			return db.SetAccount(context.Background(), user, false)
		},
		"password changed": func(db *store.DB, user int64, _, _ string) error {
			_, err := db.ChangePassword(context.Background(), user, "hash", "another hash", time.Hour)
			return err
		},
		"an earlier token used again": func(db *store.DB, _ int64, _, used string) error {
			_, _, err := db.RotateRefreshToken(context.Background(), used, time.Hour)
			if errors.Is(err, store.ErrRefreshReuse) {
				return nil
			}
			return errors.Join(errors.New("reuse was not noticed"), err)
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			var user int64
			if err := db.Pool.QueryRow(t.Context(),
				"insert into identity.users (email, password_hash) values ('ana@example.com', 'hash') returning id").Scan(&user); err != nil {
				t.Fatal(err)
			}
			used, err := db.IssueRefreshToken(t.Context(), user, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			_, token, err := db.RotateRefreshToken(t.Context(), used, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			// The next token is made, and not yet committed: it waits for this lock, which only writers do.
			held, err := db.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = held.Rollback(context.Background()) }()
			if _, err := held.Exec(t.Context(), "lock table identity.refresh_tokens in share mode"); err != nil {
				t.Fatal(err)
			}
			renewed, ended := make(chan string, 1), make(chan error, 1)
			go func() {
				_, next, _ := db.RotateRefreshToken(context.Background(), token, time.Hour)
				renewed <- next
			}()
			awaitWaiting(t, db, 1)
			go func() { ended <- end(db, user, token, used) }()
			awaitWaiting(t, db, 2)
			if err := held.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			next := <-renewed
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if _, _, err := db.RotateRefreshToken(t.Context(), next, time.Hour); err == nil {
				t.Error("the session goes on with the token that was made meanwhile")
			}
		})
	}
}

// awaitWaiting waits until so many connections of the test's database wait for a lock.
func awaitWaiting(t *testing.T, db *store.DB, want int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var waiting int
		if err := db.Pool.QueryRow(t.Context(), `
			select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting >= want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections wait for a lock, not %d", waiting, want)
		}
	}
}
