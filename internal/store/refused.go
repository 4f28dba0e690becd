package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"

	"mercado/internal/money"
)

// What the database's functions refuse, beside what errors.go names. The statement that was
// refused has changed nothing.
var (
	ErrUnknownProduct     = errors.New("product is unknown or not for sale")
	ErrCartEmpty          = errors.New("cart is empty")
	ErrPriceChanged       = errors.New("a price has changed") // as a *PriceChange
	ErrCheckoutInProgress = errors.New("cart is being checked out")
	ErrUnknownCustomer    = errors.New("customer is unknown or inactive")
	ErrTooManyEndpoints   = errors.New("there are as many webhook endpoints as there may be")
	ErrCartFull           = errors.New("cart has as many lines as it may")
	ErrTransferMissing    = errors.New("bank transfer has not arrived whole")
	ErrOverdrawn          = errors.New("more would be captured or refunded than there is")
	ErrSold               = errors.New("the payment of a sold order is not voided")
	ErrUnshippable        = errors.New("no tax or shipping rate") // as a *Unshippable

	ErrDiscountUnknown = errors.New("discount code is unknown or not active")
	ErrDiscountEarly   = errors.New("discount code is not valid yet")
	ErrDiscountExpired = errors.New("discount code has expired")
	ErrDiscountUsedUp  = errors.New("discount code is used up")
	ErrDiscountUsed    = errors.New("customer has used the discount code")
	ErrDiscountMinimum = errors.New("order is too small for the discount code") // as a *DiscountMinimum
)

// Shortage says what was asked of a product and what was free.
type Shortage struct {
	ProductID int64 `json:"product_id"`
	Requested int64 `json:"requested"`
	Available int64 `json:"available"`
}

// Error implements error.
func (s *Shortage) Error() string {
	return fmt.Sprintf("product %d: %d asked, %d free", s.ProductID, s.Requested, s.Available)
}

// Is makes a Shortage an ErrShortage.
func (s *Shortage) Is(target error) bool { return target == ErrShortage }

// PriceChange lists the lines of a cart whose price is not the catalogue's any more.
type PriceChange struct {
	Lines []struct {
		ItemID       int64        `json:"item_id"`
		UnitPrice    money.Amount `json:"unit_price"`
		CurrentPrice money.Amount `json:"current_price"`
	}
}

// Error implements error.
func (p *PriceChange) Error() string { return fmt.Sprintf("%d prices have changed", len(p.Lines)) }

// Is makes a PriceChange an ErrPriceChanged.
func (p *PriceChange) Is(target error) bool { return target == ErrPriceChanged }

// Withdrawn lists products that cannot be bought: unknown, not for sale, or not those of the vendor
// who sells.
type Withdrawn struct{ ItemIDs []int64 }

// Error implements error.
func (w *Withdrawn) Error() string { return fmt.Sprintf("products %d are not for sale", w.ItemIDs) }

// Is makes a Withdrawn an ErrUnknownProduct.
func (w *Withdrawn) Is(target error) bool { return target == ErrUnknownProduct }

// Unshippable says which rate the shop lacks to price an order.
type Unshippable struct {
	Country  string          `json:"country"` // empty: there is no address
	WeightKg decimal.Decimal `json:"weight_kg"`
	Missing  string          `json:"missing"` // tax or shipping
}

// Error implements error.
func (u *Unshippable) Error() string {
	return fmt.Sprintf("no %s rate for %q at %s kg", u.Missing, u.Country, u.WeightKg)
}

// Is makes an Unshippable an ErrUnshippable.
func (u *Unshippable) Is(target error) bool { return target == ErrUnshippable }

// DiscountMinimum says how much must be bought for a code.
type DiscountMinimum struct {
	Minimum  money.Amount `json:"minimum_subtotal"`
	Subtotal money.Amount `json:"subtotal"`
}

// Error implements error.
func (d *DiscountMinimum) Error() string {
	return fmt.Sprintf("discount needs %s, there is %s", d.Minimum, d.Subtotal)
}

// Is makes a DiscountMinimum an ErrDiscountMinimum.
func (d *DiscountMinimum) Is(target error) bool { return target == ErrDiscountMinimum }

// refusals says what each SQLSTATE of our own means, given the detail it was raised with
// (00005_stock_functions.sql to 00012_pricing.sql).
var refusals = map[string]func(detail []byte) error{
	"MC001": func(detail []byte) error {
		var shortage Shortage
		return read(&shortage, detail, &shortage)
	},
	"MC002": func(detail []byte) error {
		var withdrawn Withdrawn
		if len(detail) == 0 {
			return ErrUnknownProduct
		}
		return read(&withdrawn, detail, &withdrawn.ItemIDs)
	},
	"MC003": func([]byte) error { return ErrCartEmpty },
	"MC004": func(detail []byte) error {
		var change PriceChange
		return read(&change, detail, &change.Lines)
	},
	"MC005": func([]byte) error { return ErrCheckoutInProgress },
	"MC006": func([]byte) error { return ErrUnknownCustomer },
	"MC070": func([]byte) error { return ErrTooManyEndpoints },
	"MC071": func([]byte) error { return ErrTooManyImports },
	"MC007": func([]byte) error { return ErrCartFull },
	"MC040": func([]byte) error { return ErrTransferMissing },
	"MC041": func([]byte) error { return ErrOverdrawn },
	"MC042": func([]byte) error { return ErrSold },
	"MC020": func([]byte) error { return ErrRefundExceeds },
	"MC021": func([]byte) error { return ErrTooMany },
	"MC030": func([]byte) error { return ErrDiscountUnknown },
	"MC031": func([]byte) error { return ErrDiscountEarly },
	"MC032": func([]byte) error { return ErrDiscountExpired },
	"MC033": func([]byte) error { return ErrDiscountUsedUp },
	"MC034": func([]byte) error { return ErrDiscountUsed },
	"MC035": func(detail []byte) error {
		var minimum DiscountMinimum
		return read(&minimum, detail, &minimum)
	},
	"MC036": func(detail []byte) error {
		var unshippable Unshippable
		return read(&unshippable, detail, &unshippable)
	},
	"MC060": func([]byte) error { return ErrNotFound },
	"MC061": func([]byte) error { return ErrLastAdmin },
	"MC062": func([]byte) error { return ErrNoCustomer },
	"MC063": func([]byte) error { return ErrUnknownVendor },
	"MC080": func(detail []byte) error { return &OrdersUnderWay{Orders: string(detail)} },
	"MC081": func(detail []byte) error { return &OtherRoles{Roles: string(detail)} },
	"MC082": func([]byte) error { return ErrNotFound },
}

// refusal tells what an error of our own means; nil for others.
func refusal(raised *pgconn.PgError) error {
	meaning, ours := refusals[raised.Code]
	if !ours {
		return nil
	}
	return meaning([]byte(raised.Detail))
}

// read fills into from the detail of a refusal, which it then returns.
func read(refused error, detail []byte, into any) error {
	if err := json.Unmarshal(detail, into); err != nil {
		return fmt.Errorf("read what was refused: %w", err)
	}
	return refused
}
