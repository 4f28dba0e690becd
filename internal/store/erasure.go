package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// OrdersUnderWay tells that a customer cannot be erased yet: these orders need an address, or their money is not
// settled.
type OrdersUnderWay struct{ Orders string }

// Error implements error.
func (e *OrdersUnderWay) Error() string {
	return "these orders still have to be delivered, given back or settled: " + e.Orders
}

// OtherRoles tells that a customer's account works for the shop as well.
type OtherRoles struct{ Roles string }

// Error implements error.
func (e *OtherRoles) Error() string {
	return fmt.Sprintf("the account is also %s: take these roles away first", e.Roles)
}

// ErrErasureGivenUp tells that an erasure holds runs no longer, because its workflow was ended.
var ErrErasureGivenUp = errors.New("the erasure was given up, because its workflow had ended: ask for it again")

// Identity is what an erasure must not find anywhere in the end, as it was.
type Identity struct {
	Email string `json:"email"`
	Name  string `json:"name"` // first and last
	Phone string `json:"phone"`

	Shared bool `json:"-"` // the address is that of another customer by now: the person has registered again
}

// MayErase changes nothing. It fails with ErrNotFound, an *OrdersUnderWay or an *OtherRoles.
func (db *DB) MayErase(ctx context.Context, customer int64) error {
	return failed("erase customer", db.RefuseErasure(ctx, customer))
}

// EraseCustomer closes a customer's account, so that nothing more is bought, and then makes the customer nobody in the
// shop, in one transaction. Errors are those of MayErase, which leave the account as it was, unless an order came in
// between, and ErrErasureGivenUp. Done again it changes nothing.
func (db *DB) EraseCustomer(ctx context.Context, customer int64) error {
	if err := db.MayErase(ctx, customer); err != nil {
		return err
	}
	err := db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := holdErasure(ctx, q, customer); err != nil {
			return err
		}
		if err := closeCustomer(ctx, q, customer); !errors.Is(err, ErrNotFound) { // closed before
			return err
		}
		return nil
	})
	if err != nil {
		return failed("deactivate customer", err)
	}
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		if err := holdErasure(ctx, q, customer); err != nil {
			return err
		}
		email, err := q.EmailToErase(ctx, customer)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		accounts := [][]byte{subject("account", email), subject("account", strings.ToLower(email))}
		return q.EraseCustomer(ctx, shopdb.EraseCustomerParams{CustomerID: customer, Accounts: accounts})
	})
	if err == nil {
		err = db.RenewStatistics(ctx)
	}
	return failed("erase customer", err)
}

// holdErasure keeps the erasure from being given up until the transaction ends, or fails with ErrErasureGivenUp.
func holdErasure(ctx context.Context, q *shopdb.Queries, customer int64) error {
	_, err := q.HoldErasure(ctx, erasureOf(customer))
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrErasureGivenUp
	}
	return err
}

// ErasureMaintenance is the erasure of a customer as maintenance.
func ErasureMaintenance(customer int64, workflowID string) Maintenance {
	return Maintenance{Kind: Erasure, Subject: erasureOf(customer), HoldsRuns: true, WorkflowID: workflowID}
}

func erasureOf(customer int64) string { return fmt.Sprintf("customer %d", customer) }

// LookedFor is who is being erased, nil once that has ended or where nothing was left to erase.
func (db *DB) LookedFor(ctx context.Context, customer int64) (*Identity, error) {
	kept, err := db.Queries.LookedFor(ctx, customer)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && len(kept.LookedFor) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, failed("look who is erased", err)
	}
	identity := Identity{Shared: kept.Shared}
	return &identity, json.Unmarshal(kept.LookedFor, &identity)
}
