package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/warehouse/warehousedb"
)

// endTimeout bounds the end of a transaction, which no cancelling interrupts.
const endTimeout = time.Minute

// looks tells whether a transaction has happened.
type looks func(context.Context, *warehousedb.Queries) (bool, error)

// commit commits whatever becomes of ctx, so that a run that is cancelled now ends as what it is.
// When the answer is lost it looks whether it has happened.
func (db *DB) commit(ctx context.Context, tx pgx.Tx, look looks) error {
	if err := ctx.Err(); err != nil {
		rollback(ctx, tx)
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	lost := tx.Commit(ctx)
	if lost == nil {
		return nil
	}
	if happened, err := db.committed(ctx, look); err != nil || !happened {
		return errors.Join(fmt.Errorf("commit: %w", lost), err)
	}
	return nil
}

// committed reports whether a publish or its undoing has happened. It waits for a commit that is under
// way.
func (db *DB) committed(ctx context.Context, look looks) (happened bool, err error) {
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		queries := warehousedb.New(tx)
		if err := queries.LockPublishing(ctx); err != nil {
			return err
		}
		happened, err = look(ctx, queries)
		return err
	})
	return happened, err
}

// rollback needs no answer: a connection on which it fails is closed, which rolls back as well.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	_ = tx.Rollback(ctx)
}

// lastPublication of a run, nil when it has none.
func lastPublication(ctx context.Context, queries *warehousedb.Queries, run uuid.UUID) (*warehousedb.LastPublicationRow, error) {
	last, err := queries.LastPublication(ctx, run)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &last, err
}

func publishedBy(last *warehousedb.LastPublicationRow) Published {
	return Published{Rows: last.RowsPublished, Days: last.DaysPlaced, Kept: last.DaysKept}
}

// RefusedError tells of what the warehouse does not take, however often it is sent.
type RefusedError struct{ cause *pgconn.PgError }

// wholeRow are the violations, of not null and of a check, whose detail is all values of the row.
var wholeRow = map[string]bool{"23502": true, "23514": true}

// Error names table and key, or the column or constraint: no values of a row, which may say who somebody is. It gets into
// records and histories that no erasure reaches.
func (e *RefusedError) Error() string {
	if wholeRow[e.cause.Code] {
		return fmt.Sprintf("the warehouse refuses: %s (SQLSTATE %s)", e.cause.Message, e.cause.Code)
	}
	return fmt.Sprintf("the warehouse refuses: %s (%s; SQLSTATE %s)", e.cause.Message, e.cause.Detail, e.cause.Code)
}

func (e *RefusedError) Unwrap() error { return e.cause }

// refused turns data exceptions and violated constraints, classes 22 and 23, into a *RefusedError.
func refused(err error) error {
	var cause *pgconn.PgError
	if errors.As(err, &cause) && len(cause.Code) == 5 && (cause.Code[:2] == "22" || cause.Code[:2] == "23") {
		return &RefusedError{cause: cause}
	}
	return err
}
