package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/model"
	"mercado/internal/lake/sqlfile"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// ErasureRequest says whom to erase, by the number alone: histories hold nothing else of a person.
type ErasureRequest struct {
	CustomerID int64  `json:"customer_id"`
	WorkflowID string `json:"workflow_id"`
}

func (r ErasureRequest) maintenance() store.Maintenance {
	return store.ErasureMaintenance(r.CustomerID, r.WorkflowID)
}

// ErasurePlan is what there is to do.
type ErasurePlan struct {
	WaitsFor string         `json:"waits_for,omitempty"` // what must end before it may begin: ask again
	Tables   []ErasureTable `json:"tables"`              // of the lake that say who somebody is
}

// ErasureTable is a table of the lake.
type ErasureTable struct {
	Zone  lake.Zone `json:"zone"`
	Table string    `json:"table"`
}

// BeginErasure keeps runs from beginning. The plan says what is under way
// still; a customer who cannot be erased is a *BadRequest, and nothing has changed.
func (a *Activities) BeginErasure(ctx context.Context, request ErasureRequest) (*ErasurePlan, error) {
	if err := a.Shop.MayErase(ctx, request.CustomerID); err != nil {
		return nil, classify(refusedErasure(request, err))
	}
	waitsFor, _, err := a.Shop.TakeMaintenance(ctx, request.maintenance())
	if err != nil {
		return nil, err
	}
	plan := &ErasurePlan{WaitsFor: waitsFor}
	persons, err := a.persons()
	for _, person := range persons {
		plan.Tables = append(plan.Tables, ErasureTable{Zone: person.table.Zone, Table: person.table.Name})
	}
	return plan, err
}

func refusedErasure(request ErasureRequest, err error) error {
	var orders *store.OrdersUnderWay
	var roles *store.OtherRoles
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &BadRequest{Problem: fmt.Sprintf("there is no customer %d", request.CustomerID)}
	case errors.As(err, &orders), errors.As(err, &roles), errors.Is(err, store.ErrErasureGivenUp):
		return &BadRequest{Problem: fmt.Sprintf("customer %d cannot be erased: %s", request.CustomerID, err)}
	}
	return err
}

// Anonymise makes the customer nobody in the shop. A customer who has ordered meanwhile, and an erasure that was given
// up, is a *BadRequest; after any other error it may be done.
func (a *Activities) Anonymise(ctx context.Context, request ErasureRequest) error {
	_, stop := beat(ctx)
	defer stop()
	return classify(refusedErasure(request, a.Shop.EraseCustomer(ctx, request.CustomerID)))
}

// ErasureEnd is how an erasure ended.
type ErasureEnd struct {
	Request ErasureRequest `json:"request"`
	Outcome ErasureOutcome `json:"outcome"`
}

// ErasureOutcome is what became of an erasure.
type ErasureOutcome string

// Outcomes.
const (
	Complete   ErasureOutcome = "complete"
	Incomplete ErasureOutcome = "incomplete" // something is left: what to look for is kept for the next erasure
	Abandoned  ErasureOutcome = "abandoned"  // nothing was erased
)

// EndErasure lets runs begin, and forgets what the erasure has kept. One that is abandoned while an earlier one of the
// same customer is half done leaves runs waiting for the next: held is true. It is tried until it succeeds.
func (a *Activities) EndErasure(ctx context.Context, end ErasureEnd) (held bool, err error) {
	if end.Outcome == Abandoned {
		return a.Shop.AbandonErasure(ctx, end.Request.CustomerID)
	}
	err = a.Shop.EndErasure(ctx, shopdb.EndErasureParams{CustomerID: end.Request.CustomerID, Complete: end.Outcome == Complete})
	if err != nil {
		return false, fmt.Errorf("forget whom was erased: %w", err)
	}
	return false, a.Shop.EndMaintenance(ctx, end.Request.maintenance())
}

// persons are the tables of the lake that say who somebody is, zone by zone.
func (a *Activities) persons() ([]personTable, error) {
	sources, err := extract.Sources()
	if err != nil {
		return nil, err
	}
	var tables []personTable
	for _, source := range sources {
		if source.Personal != nil {
			tables = append(tables, personTable{table: model.Table{Zone: lake.Raw, Name: source.Table}, personal: source.Personal})
		}
	}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, m := range a.Models.Zone(zone) {
			if m.Personal != nil {
				tables = append(tables, personTable{table: m.Table, personal: m.Personal, key: m.Key})
			}
		}
	}
	return tables, nil
}

type personTable struct {
	table    model.Table
	personal *sqlfile.Personal
	key      []string // none in zone raw
}

func (a *Activities) person(table ErasureTable) (personTable, error) {
	persons, err := a.persons()
	at := slices.IndexFunc(persons, func(p personTable) bool { return p.table.Zone == table.Zone && p.table.Name == table.Table })
	if err != nil || at < 0 {
		return personTable{}, errors.Join(err, &BadRequest{Problem: fmt.Sprintf("%s.%s says of nobody who it is", table.Zone, table.Table)})
	}
	return persons[at], nil
}

// part is how to erase the customer from the file in, written as out.
func (p personTable) part(customer int64, shop erasedFromShop, in, out string) model.ErasedPart {
	return model.ErasedPart{Personal: p.personal, Customer: customer, Orders: shop.orders, Key: p.key, In: in, Out: out}
}
