package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"mercado/internal/store"
)

const idempotencyHeader = "Idempotency-Key"

// IdempotencyKey is embedded in the input of an operation that must not be done twice. A request
// without the header is refused with 400 idempotency_key_missing.
type IdempotencyKey struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Chosen by the client, new for each thing to be done: sending it again with the same body gives the first answer again."`
}

// Resolve implements huma.Resolver.
func (k *IdempotencyKey) Resolve(huma.Context) []error {
	if k.IdempotencyKey == "" {
		return []error{problem(idempotencyKeyMissing)}
	}
	return nil
}

// MayIdempotencyKey is embedded in the input of an operation that is done twice when it is asked for twice,
// unless the client says which requests are the same.
type MayIdempotencyKey struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Chosen by the client, new for each thing to be done: sending it again with the same body gives the first answer again. Without it, what is asked for twice is done twice."`
}

// request is the one that the key stands for, about something of a path; nil without a key.
func (k MayIdempotencyKey) request(ctx context.Context, what string, about, body any) (*store.Request, error) {
	if k.IdempotencyKey == "" {
		return nil, nil
	}
	request, _, err := newRequest(ctx, what, IdempotencyKey(k), about, body)
	return &request, err
}

// newRequest is a request under its sender's idempotency key, about something of a path, and the id of
// what it is to make.
func newRequest(ctx context.Context, what string, key IdempotencyKey, about, body any) (store.Request, uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return store.Request{}, id, err
	}
	text, err := json.Marshal(struct{ About, Body any }{about, body})
	if err != nil {
		return store.Request{}, id, err
	}
	hash := sha256.Sum256(text)
	who := principalOf(ctx)
	scope := fmt.Sprintf("user/%d", who.UserID)
	switch {
	case who.CustomerID != 0:
		scope = fmt.Sprintf("customer/%d", who.CustomerID)
	case who.UserID == 0 && who.VendorID != 0: // a token of the command line
		scope = fmt.Sprintf("vendor/%d", who.VendorID)
	}
	return store.Request{Scope: scope, Key: key.IdempotencyKey, Operation: what, Hash: hash[:]}, id, nil
}

// onceMore is the answer to give: the new one, or that of the first request with the same key.
func onceMore(document json.RawMessage, earlier *store.Earlier) (json.RawMessage, error) {
	switch {
	case earlier == nil:
		return document, nil
	case !earlier.SameRequest:
		return nil, problem(idempotencyMismatch)
	case earlier.Status == 0:
		return nil, problem(idempotencyInFlight)
	default:
		return earlier.Response, nil
	}
}

// answerOf reads the answer to give, see onceMore, as a T.
func answerOf[T any](document json.RawMessage, earlier *store.Earlier) (answer T, err error) {
	if document, err = onceMore(document, earlier); err != nil {
		return answer, err
	}
	if err := json.Unmarshal(document, &answer); err != nil {
		return answer, fmt.Errorf("read kept answer: %w", err)
	}
	return answer, nil
}
