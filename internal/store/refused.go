package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

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
	ErrCartFull           = errors.New("cart has as many lines as it may")
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

// refusals says what each SQLSTATE of our own means, given the detail it was raised with
// (00005_stock_functions.sql to 00009_place_order.sql).
var refusals = map[string]func(detail []byte) error{
	"MC001": func(detail []byte) error {
		var shortage Shortage
		return read(&shortage, detail, &shortage)
	},
	"MC002": func([]byte) error { return ErrUnknownProduct },
	"MC003": func([]byte) error { return ErrCartEmpty },
	"MC004": func(detail []byte) error {
		var change PriceChange
		return read(&change, detail, &change.Lines)
	},
	"MC005": func([]byte) error { return ErrCheckoutInProgress },
	"MC006": func([]byte) error { return ErrUnknownCustomer },
	"MC007": func([]byte) error { return ErrCartFull },
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
