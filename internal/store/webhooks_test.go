package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// TestNobodyHasMoreEndpointsThanTheyMay has the last but one that there is room for be added, and two more while that
// is not committed: of an operator's, which vendors' do not count among.
func TestNobodyHasMoreEndpointsThanTheyMay(t *testing.T) {
	t.Parallel()
	db := open(t)
	add := "select ordering.add_webhook_endpoint(gen_random_uuid(), null, 'https://example.com/', '', '{}', 'a secret')"
	exec(t, db.Pool, "select ordering.add_webhook_endpoint(gen_random_uuid(), 1, 'https://example.com/', '', '{}', 'a secret')")
	for range 18 {
		exec(t, db.Pool, add)
	}
	first := begin(t, db)
	exec(t, first, add)
	later := make(chan error, 2)
	for range cap(later) {
		go func() {
			later <- db.AddEndpoint(t.Context(), shopdb.AddWebhookEndpointParams{
				ID: uuid.New(), Url: "https://example.com/", EventTypes: []string{}, Secret: "a secret",
			})
		}()
	}
	await(t, db, `
		select (
			select count(*) = 2 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
		) or (select count(*) > 20 from ordering.webhook_endpoints)`) // the vendor's, 18, and both
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for range cap(later) {
		select {
		case err := <-later:
			if errors.Is(err, store.ErrTooManyEndpoints) {
				refused++
			} else if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("somebody waits although nobody adds one")
		}
	}
	if refused != 1 {
		t.Errorf("%d of two were refused where there was room for one", refused)
	}
}
