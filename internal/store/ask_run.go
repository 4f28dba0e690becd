package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"mercado/internal/store/shopdb"
)

// AskForRun puts a new run on record, as running, before anything carries it out. A request that was
// made before, r may be nil, records none and is returned, with the id of its run when it asked for
// the same; otherwise the id is zero.
func (db *DB) AskForRun(ctx context.Context, r *Request, begin shopdb.BeginRunParams) (id uuid.UUID, earlier *Earlier, err error) {
	answer, earlier, err := db.onceIfAsked(ctx, r, accepted, func(q *shopdb.Queries) (json.RawMessage, error) {
		if err := q.LockRuns(ctx); err != nil {
			return nil, err
		}
		if _, err := q.BeginRun(ctx, begin); err != nil {
			return nil, err
		}
		return json.Marshal(begin.ID)
	})
	if err != nil {
		return id, nil, fmt.Errorf("record run %s: %w", begin.ID, err)
	}
	if earlier != nil {
		if !earlier.SameRequest || earlier.Status == 0 {
			return id, earlier, nil
		}
		answer = earlier.Response
	}
	return id, earlier, json.Unmarshal(answer, &id)
}

// accepted is the status that is kept with the answer.
const accepted = 202
