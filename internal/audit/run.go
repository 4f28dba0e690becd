package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/settings"
	"mercado/internal/store"
)

// Listed is how many differences of one check are named; all of them are counted.
const Listed = 100

// Difference is one thing that is not as it must be.
type Difference struct {
	SubjectID string          `json:"subject_id"`
	Details   json.RawMessage `json:"details"`
}

// Result is what one check has found.
type Result struct {
	Check
	Differences int64        `json:"differences"` // all of them
	Seconds     float64      `json:"seconds"`
	Found       []Difference `json:"found"` // the first Listed
}

// Report is what an audit has found.
type Report struct {
	ID          uuid.UUID `json:"id"`
	Differences int64     `json:"differences"`
	StartedAt   time.Time `json:"started_at"`
	SnapshotAt  time.Time `json:"snapshot_at"`
	Results     []Result  `json:"results"`
}

// Clean reports whether nothing was found.
func (r *Report) Clean() bool { return r.Differences == 0 }

// Add puts the result of a check of its own beside the others.
func (r *Report) Add(result Result) {
	r.Results = append(r.Results, result)
	r.Differences += result.Differences
}

// Progress is told before each check how many are done.
type Progress func(check Check, done, all int)

// Run makes all checks in one snapshot of the database: what changes meanwhile is not seen, by any
// of them. progress may be nil.
func Run(ctx context.Context, db *store.DB, id uuid.UUID, limits settings.Limits, progress Progress) (*Report, error) {
	report := &Report{ID: id}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, db.Pool, options, func(tx pgx.Tx) (err error) {
		report, err = Examine(ctx, tx, limits, progress)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	report.ID = id
	return report, nil
}

// Examine makes all checks in a transaction, which must see one snapshot.
func Examine(ctx context.Context, tx pgx.Tx, limits settings.Limits, progress Progress) (*Report, error) {
	all, err := Checks()
	if err != nil {
		return nil, err
	}
	report := &Report{StartedAt: time.Now().UTC()}
	// A pool's other connections have no such patience: these queries read whole tables.
	if _, err := tx.Exec(ctx, "set local statement_timeout = 0"); err != nil {
		return nil, err
	}
	if err := tx.QueryRow(ctx, "select now()").Scan(&report.SnapshotAt); err != nil {
		return nil, err
	}
	for i, check := range all {
		if progress != nil {
			progress(check, i, len(all))
		}
		result, err := check.make(ctx, tx, limits)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", check.Name, err)
		}
		report.Add(result)
	}
	return report, nil
}

func (c Check) make(ctx context.Context, tx pgx.Tx, limits settings.Limits) (Result, error) {
	began := time.Now()
	result := Result{Check: c, Found: []Difference{}}
	rows, err := tx.Query(ctx, c.query, pgx.NamedArgs{"limits": limits.Seconds()})
	if err != nil {
		return result, err
	}
	var found Difference
	_, err = pgx.ForEachRow(rows, []any{&found.SubjectID, &found.Details}, func() error {
		if len(result.Found) < Listed {
			result.Found = append(result.Found, Difference{found.SubjectID, append(json.RawMessage(nil), found.Details...)})
		}
		result.Differences++
		return nil
	})
	result.Seconds = time.Since(began).Seconds()
	return result, err
}
