package store

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// Request is one that must be done once: whose it is, under which key, and what it asks for.
type Request struct {
	Scope     string // who asks
	Key       string // their idempotency key
	Operation string
	Hash      []byte
}

// once does something in one transaction with the claim of the request's idempotency key, and keeps
// the answer that do gives. When the key was claimed before, nothing is done and the earlier request
// is returned. made is the id of what do makes.
func (db *DB) once(
	ctx context.Context, r Request, made uuid.UUID, status int, do func(q *shopdb.Queries) (answer json.RawMessage, err error),
) (answer json.RawMessage, earlier *Earlier, err error) {
	err = db.InTx(ctx, func(q *shopdb.Queries) error {
		claimed, err := q.ClaimKey(ctx, shopdb.ClaimKeyParams{
			Scope: r.Scope, Key: r.Key, Operation: r.Operation, RequestHash: r.Hash, MadeID: made,
		})
		if err != nil {
			return err
		}
		if claimed != nil {
			earlier = &Earlier{}
			return json.Unmarshal(claimed, earlier)
		}
		if answer, err = do(q); err != nil {
			return err
		}
		return q.AnswerKey(ctx, shopdb.AnswerKeyParams{Scope: r.Scope, Key: r.Key, ResponseStatus: int32(status), Response: answer})
	})
	return answer, earlier, err
}

// onceIfAsked is once for a request that need not have a key: without one, r is nil, it is done as often as
// it is asked for. What it makes has a number, and no id that the key could name.
func (db *DB) onceIfAsked(
	ctx context.Context, r *Request, status int, do func(q *shopdb.Queries) (answer json.RawMessage, err error),
) (answer json.RawMessage, earlier *Earlier, err error) {
	if r != nil {
		return db.once(ctx, *r, uuid.New(), status, do)
	}
	err = db.InTx(ctx, func(q *shopdb.Queries) (err error) {
		answer, err = do(q)
		return err
	})
	return answer, nil, err
}
