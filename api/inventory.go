package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"mercado/internal/auth"
	"mercado/internal/store/shopdb"
)

// inventory serves the balance of a product's stock and the ledger that it is the sum of.
func (a *API) inventory() {
	const path = "/api/catalog/products/{id}/inventory"
	register(a, operation{
		id: "get-inventory", method: http.MethodGet, path: path,
		summary: "Show a product's stock and its ledger, newest first", tag: "inventory",
		about:      "With `as_of`, both are what they were at that time.",
		permission: auth.ReadStock, problems: []code{notFound, invalidCursor},
	}, a.getInventory)
	register(a, operation{
		id: "move-inventory", method: http.MethodPost, path: path,
		summary: "Put units on the shelf, or take them off", tag: "inventory", status: http.StatusCreated,
		about:      "With an `Idempotency-Key` a double click restocks once.",
		permission: auth.WriteStock, problems: []code{notFound, insufficientStock, idempotencyMismatch, idempotencyInFlight},
	}, a.moveInventory)
}

type ledgerRow struct {
	ID            int64     `json:"id"`
	ProductID     int64     `json:"product_id"`
	Kind          string    `json:"kind" enum:"initial,restock,adjustment,reserve,release,commit,return"`
	OnHandDelta   int64     `json:"on_hand_delta"`
	ReservedDelta int64     `json:"reserved_delta"`
	Reason        string    `json:"reason"`
	ReferenceType string    `json:"reference_type" enum:"cart,order,inventory,import"`
	Reference     string    `json:"reference"`
	OccurredAt    time.Time `json:"occurred_at" doc:"When it counts: an expired hold's release, from its expiry."`
}

func ledgerRowOf(row shopdb.CatalogStockLedger) ledgerRow {
	return ledgerRow{
		ID: row.ID, ProductID: row.ProductID, Kind: row.Kind,
		OnHandDelta: row.OnHandDelta, ReservedDelta: row.ReservedDelta, Reason: row.Reason,
		ReferenceType: row.ReferenceType, Reference: row.ReferenceID, OccurredAt: row.OccurredAt.UTC(),
	}
}

// ownProduct finds a product that the request may manage; to others it does not exist.
func (a *API) ownProduct(ctx context.Context, id int64) (shopdb.CatalogProductListing, error) {
	row, err := a.DB.Product(ctx, id)
	if err == nil && !mayManage(principalOf(ctx), row.VendorID) {
		return row, problem(notFound)
	}
	return row, err
}

type getInventoryInput struct {
	ByID
	Page
	AsOf time.Time `query:"as_of" doc:"A time of the past; default: now."`
}

type inventoryOutput struct {
	Body struct {
		ProductID int64 `json:"product_id"`
		OnHand    int64 `json:"on_hand" doc:"Units on the shelf."`
		Reserved  int64 `json:"reserved" doc:"Of them, those that carts and orders keep."`
		Available int64 `json:"available" doc:"Units that can be sold now."`
		List[ledgerRow]
	} `nameHint:"Inventory"`
}

// ledgerKey is where a page of the ledger ended.
type ledgerKey struct {
	OccurredAt time.Time
	ID         int64
}

func (a *API) getInventory(ctx context.Context, in *getInventoryInput) (*inventoryOutput, error) {
	product, err := a.ownProduct(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	asked := shopdb.ListLedgerParams{ProductID: in.ID, RowLimit: in.fetch()}
	var after *ledgerKey
	if err := in.after(&after); err != nil {
		return nil, err
	}
	if after != nil {
		asked.BeforeTime, asked.BeforeID = &after.OccurredAt, &after.ID
	}
	out := &inventoryOutput{}
	out.Body.ProductID, out.Body.OnHand = product.ID, product.OnHand
	out.Body.Reserved, out.Body.Available = product.Reserved, product.Available
	if !in.AsOf.IsZero() {
		if in.AsOf.After(time.Now()) || in.AsOf.Year() < 1 {
			return nil, invalid("query.as_of", "expected a time of the past")
		}
		was, err := a.DB.StockAsOf(ctx, shopdb.StockAsOfParams{ProductID: in.ID, At: in.AsOf})
		if err != nil {
			return nil, err
		}
		out.Body.OnHand, out.Body.Reserved, out.Body.Available = was.OnHand, was.Reserved, was.OnHand-was.Reserved
		asked.AsOf = &in.AsOf
	}
	rows, err := a.DB.ListLedger(ctx, asked)
	if err != nil {
		return nil, err
	}
	out.Body.List = paged(in.Page, rows, ledgerRowOf, func(row shopdb.CatalogStockLedger) any {
		return ledgerKey{row.OccurredAt, row.ID}
	})
	return out, nil
}

// reasons says what the ledger calls a reason, and in which direction it may move stock.
var reasons = map[string]struct {
	kind    string
	allowed func(delta int64) bool
	sign    string
}{
	"restock":    {"restock", func(delta int64) bool { return delta > 0 }, "positive"},
	"adjustment": {"adjustment", func(delta int64) bool { return delta != 0 }, "other than zero"},
	"shrinkage":  {"adjustment", func(delta int64) bool { return delta < 0 }, "negative"},
}

type moveInventoryInput struct {
	MayIdempotencyKey
	ByID
	Body struct {
		Delta     int64  `json:"delta" minimum:"-1000000000" maximum:"1000000000" doc:"Units; negative takes them off the shelf."`
		Reason    string `json:"reason" enum:"restock,adjustment,shrinkage" doc:"A restock adds, shrinkage takes away."`
		Reference string `json:"reference,omitempty" maxLength:"200" doc:"A delivery note, a stock-taking, …"`
	} `nameHint:"InventoryMove"`
}

type ledgerRowOutput struct {
	Body ledgerRow
}

func (a *API) moveInventory(ctx context.Context, in *moveInventoryInput) (*ledgerRowOutput, error) {
	reason := reasons[in.Body.Reason]
	if !reason.allowed(in.Body.Delta) {
		return nil, invalid("body.delta", "expected a number "+reason.sign)
	}
	if _, err := a.ownProduct(ctx, in.ID); err != nil {
		return nil, err
	}
	request, err := in.request(ctx, "stock", in.ID, in.Body)
	if err != nil {
		return nil, err
	}
	told, earlier, err := a.DB.MoveStockOnce(ctx, request, shopdb.MoveInventoryParams{
		Kind: reason.kind, ProductID: in.ID, Delta: in.Body.Delta,
		Reference: in.Body.Reference, Reason: in.Body.Reason,
	}, http.StatusCreated, func(row shopdb.CatalogStockLedger) (json.RawMessage, error) { return json.Marshal(ledgerRowOf(row)) })
	if err != nil {
		return nil, err
	}
	a.forgetCatalogue()
	row, err := answerOf[ledgerRow](told, earlier)
	return &ledgerRowOutput{row}, err
}
