package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// TestWhoAsksForAnAuditJoinsTheOneThatIsBeingBegun has a second audit asked for before the first is committed.
func TestWhoAsksForAnAuditJoinsTheOneThatIsBeingBegun(t *testing.T) {
	t.Parallel()
	db := open(t)
	first := uuid.Must(uuid.NewV7())
	beginning := begin(t, db)
	exec(t, beginning, "select audit.begin_or_join($1, 'audit/first')", first)
	type answer struct {
		joined uuid.UUID
		err    error
	}
	second := make(chan answer, 1)
	go func() {
		joined, err := db.BeginOrJoinAudit(t.Context(), shopdb.BeginOrJoinAuditParams{ID: uuid.Must(uuid.NewV7()), WorkflowID: "audit/second"})
		second <- answer{joined, err}
	}()
	await(t, db, `
		select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
			or exists (select from audit.runs)`)
	if err := beginning.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case found := <-second:
		if found.err != nil || found.joined != first {
			t.Errorf("joined %s, %v; want %s", found.joined, found.err, first)
		}
	case <-time.After(time.Minute):
		t.Fatal("the second waits although the first has begun")
	}
}
