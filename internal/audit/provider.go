package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mercado/internal/payment"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// providerAgrees is the check that is no query: the provider is asked itself.
var providerAgrees = Check{
	Name: "provider_agrees", Severity: Error, Subject: "payment",
	Proves: "The payment provider has captured and refunded what the shop says it has.",
}

const (
	askedAtOnce   = 8
	paymentsAPage = 500
)

// AskProviders is AskProvider for all that are set up and have books of their own, one after the other.
func AskProviders(ctx context.Context, db *store.DB, providers payment.Providers, since time.Time) (Result, error) {
	all := Result{Check: providerAgrees, Found: []Difference{}}
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		if name == payment.ManualName {
			continue
		}
		told, err := AskProvider(ctx, db, providers[name], since)
		if err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
		all.Differences += told.Differences
		all.Seconds += told.Seconds
		all.Found = append(all.Found, told.Found[:min(len(told.Found), Listed-len(all.Found))]...)
	}
	return all, nil
}

// AskProvider compares the payments that changed since a time with what the provider itself has
// captured and refunded; of bank transfers, what has arrived and was given back. It asks about each: of a large shop, ask about some days only.
func AskProvider(ctx context.Context, db *store.DB, provider payment.Provider, since time.Time) (Result, error) {
	began := time.Now()
	result := Result{Check: providerAgrees, Found: []Difference{}}
	var after uuid.UUID
	for {
		page, err := db.PaymentsToCompare(ctx, shopdb.PaymentsToCompareParams{
			Provider: provider.Name(), Since: since, After: after, Most: paymentsAPage,
		})
		if err != nil {
			return result, fmt.Errorf("read payments: %w", err)
		}
		if len(page) == 0 {
			result.Seconds = time.Since(began).Seconds()
			return result, nil
		}
		found := make([]*Difference, len(page))
		group, asking := errgroup.WithContext(ctx)
		group.SetLimit(askedAtOnce)
		for i, paid := range page {
			group.Go(func() (err error) {
				found[i], err = compare(asking, db, provider, paid)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return result, err
		}
		for _, difference := range found {
			if difference == nil {
				continue
			}
			if result.Differences++; len(result.Found) < Listed {
				result.Found = append(result.Found, *difference)
			}
		}
		after = page[len(page)-1].ID
	}
}

// compare asks about one payment. One that has changed since it was read, or whose provider has
// been asked for something it has not answered, is left to the next audit and to payment_outcomes.
func compare(ctx context.Context, db *store.DB, provider payment.Provider, paid shopdb.PaymentsToCompareRow) (*Difference, error) {
	told, err := provider.Get(ctx, paid.ID.String())
	if errors.Is(err, payment.ErrNotFound) {
		told, err = payment.Payment{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask provider about payment %s: %w", paid.ID, err)
	}
	if told.Captured == paid.Taken && told.Refunded == paid.GivenBack {
		return nil, nil
	}
	settled, err := db.PaymentIsSettled(ctx, shopdb.PaymentIsSettledParams{
		ID: paid.ID, Xid: paid.Xid, Taken: paid.Taken, GivenBack: paid.GivenBack,
	})
	if err != nil || !settled {
		return nil, err
	}
	details, err := json.Marshal(map[string]any{
		"order_id": paid.OrderID, "captured": paid.Taken, "provider_captured": told.Captured,
		"refunded": paid.GivenBack, "provider_refunded": told.Refunded,
	})
	return &Difference{paid.ID.String(), details}, err
}
