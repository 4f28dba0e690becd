package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"mercado/internal/order"
	"mercado/internal/store"
)

// refusalOf says what of an order is refused, and where.
func refusalOf(err error) error {
	var change *store.PriceChange
	var withdrawn *store.Withdrawn
	var unshippable *store.Unshippable
	var minimum *store.DiscountMinimum
	switch {
	case errors.As(err, &change):
		return priceChangeOf(change)
	case errors.As(err, &withdrawn):
		fields := make([]FieldProblem, len(withdrawn.ItemIDs))
		for i, id := range withdrawn.ItemIDs {
			fields[i] = FieldProblem{fmt.Sprintf("items[%d]", id), "not for sale"}
		}
		return problem(productUnavailable, fields...)
	case errors.As(err, &unshippable):
		return problem(notShippable, FieldProblem{
			"shipping_address.country", fmt.Sprintf("no %s rate at %s kg", unshippable.Missing, unshippable.WeightKg),
		})
	case errors.As(err, &minimum):
		return problem(discountMinimumNotMet, FieldProblem{
			"discount_code", fmt.Sprintf("needs %s, there is %s", minimum.Minimum, minimum.Subtotal),
		})
	default:
		return err
	}
}

// answerAgain answers a request whose idempotency key was used before.
func (a *API) answerAgain(ctx context.Context, earlier *store.Earlier) (*placedOutput, error) {
	switch {
	case !earlier.SameRequest:
		return nil, problem(idempotencyMismatch)
	case earlier.Status == 0:
		inFlight := problem(idempotencyInFlight)
		inFlight.headers.Set("Retry-After", "1")
		return nil, inFlight
	default:
		return a.answerFirst(ctx, earlier.Status, earlier.Response)
	}
}

// answerFirst gives the answer that was written down when the checkout ended.
func (a *API) answerFirst(ctx context.Context, status int, response json.RawMessage) (*placedOutput, error) {
	if status < http.StatusMultipleChoices {
		var placed order.Document
		if err := json.Unmarshal(response, &placed); err != nil {
			return nil, fmt.Errorf("read kept answer: %w", err)
		}
		return &placedOutput{Status: status, Location: orderPath(placed.ID), Body: a.orderBodyOf(ctx, placed)}, nil
	}
	var refused struct {
		Code        code            `json:"code"`
		DeclineCode string          `json:"decline_code"`
		Shortage    *store.Shortage `json:"shortage"`
	}
	if err := json.Unmarshal(response, &refused); err != nil {
		return nil, fmt.Errorf("read kept answer: %w", err)
	}
	again := problem(refused.Code)
	switch {
	case refused.Shortage != nil:
		again = shortage(refused.Shortage)
	case refused.DeclineCode != "":
		again.Errors = []FieldProblem{{"body.payment_method", refused.DeclineCode}}
	}
	again.kept = true
	return nil, again
}

// answerLater tells where the outcome will be seen.
func (a *API) answerLater(ctx context.Context, id uuid.UUID) (*placedOutput, error) {
	placed, err := a.DB.FindOrder(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	return &placedOutput{Status: http.StatusAccepted, Location: orderPath(id), Body: a.orderBodyOf(ctx, placed)}, nil
}

func priceChangeOf(change *store.PriceChange) *Problem {
	fields := make([]FieldProblem, len(change.Lines))
	for i, line := range change.Lines {
		fields[i] = FieldProblem{
			fmt.Sprintf("items[%d]", line.ItemID), fmt.Sprintf("was %s, is %s", line.UnitPrice, line.CurrentPrice),
		}
	}
	return problem(priceChanged, fields...)
}
