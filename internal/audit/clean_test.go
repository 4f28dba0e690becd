package audit_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/audit"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/seed"
	"mercado/internal/settings"
	"mercado/internal/store"
)

var limits = settings.Limits{
	Pending: 15 * time.Minute, Transfer: 240 * time.Hour, Confirmed: 96 * time.Hour, Shipped: 504 * time.Hour,
	Refund: time.Hour, Payment: 15 * time.Minute, Webhook: 30 * time.Hour,
}

func TestSeededShopIsClean(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), stacktest.New(t).Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := seed.Run(t.Context(), db.Pool, seed.Options{Until: time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	wantClean(t, db)
}

func wantClean(t *testing.T, db *store.DB) {
	t.Helper()
	report, err := audit.Run(t.Context(), db, uuid.Must(uuid.NewV7()), limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range report.Results {
		t.Logf("%6.3f s  %s", result.Seconds, result.Name)
		if result.Differences > 0 {
			t.Errorf("%s: %d differences, the first: %s %s", result.Name, result.Differences, result.Found[0].SubjectID, result.Found[0].Details)
		}
	}
}
