package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TestOnlyWhatIsOverOrAbandonedIsForgotten has imports of every state that nothing has happened to for long.
func TestOnlyWhatIsOverOrAbandonedIsForgotten(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, state := range []string{"receiving", "queued", "running", "succeeded", "failed"} {
		exec(t, db.Pool, `
			insert into catalog.imports (id, dry_run, state, created_at, updated_at, finished_at)
			select $1, false, $2, at, at, case when $2 in ('succeeded', 'failed') then at end
			from (select now() - interval '90 days' as at) as long_ago`, uuid.New(), state)
	}
	left := func() []string {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), "select state from catalog.imports order by state")
		if err != nil {
			t.Fatal(err)
		}
		states, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	for _, forgetting := range []struct {
		keep      time.Duration // 0: for ever
		forgotten int64
		left      []string
	}{
		{0, 1, []string{"failed", "queued", "running", "succeeded"}},
		{91 * 24 * time.Hour, 0, []string{"failed", "queued", "running", "succeeded"}},
		{89 * 24 * time.Hour, 2, []string{"queued", "running"}},
	} {
		if forgotten, err := db.ForgetImports(t.Context(), forgetting.keep); err != nil || forgotten != forgetting.forgotten {
			t.Errorf("kept for %s: %d are forgotten, %v; want %d", forgetting.keep, forgotten, err, forgetting.forgotten)
		}
		if states := left(); !slices.Equal(states, forgetting.left) {
			t.Errorf("kept for %s: left are %v, want %v", forgetting.keep, states, forgetting.left)
		}
	}
}
