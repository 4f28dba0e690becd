package lake

import (
	"context"
	"errors"
	"time"

	"mercado/internal/money"
)

// Mark is a point in the history of the shop's database, in commit order.
type Mark struct {
	Snapshot string `json:"snapshot"`  // a pg_snapshot
	SystemID int64  `json:"system_id"` // the database system it belongs to: a restored one counts anew
}

// Snapshot is what a run's extract froze: written once, when all parts of zone raw are in place.
// Everything later in the run reads the shop through it and through nothing else.
type Snapshot struct {
	RunID       string            `json:"run_id"`
	Interval    Span              `json:"interval"`
	ExtractedAt time.Time         `json:"extracted_at"` // when it was taken, by the clock of Postgres, UTC
	Mark        Mark              `json:"mark"`
	Baseline    *Mark             `json:"baseline,omitempty"` // changes since then are in Days; nil when none were looked for
	Days        map[string][]Span `json:"days"`               // of each subject: the interval, and what changed since the baseline
	Drift       []string          `json:"drift,omitempty"`    // columns the contract does not know
	Tables      []*Manifest       `json:"tables"`

	Parameters Parameters `json:"parameters"` // as the settings were: a replay takes these
}

// Parameters are the settings that metrics are computed with.
type Parameters struct {
	CLVExpectedMonths  int          `json:"clv_expected_months"`  // how much longer a customer is expected to buy
	CLVAcquisitionCost money.Amount `json:"clv_acquisition_cost"` // what it costs to win a customer
}

// Freeze writes the snapshot unless the run has one, and returns the one that stands. The
// manifests of zone raw follow from it.
func (s *Store) Freeze(ctx context.Context, snapshot *Snapshot) (*Snapshot, error) {
	created, err := s.CreateJSON(ctx, Raw, SnapshotKey(snapshot.RunID), snapshot)
	if err != nil {
		return nil, err
	}
	if !created {
		if snapshot, err = s.Snapshot(ctx, snapshot.RunID); err != nil {
			return nil, err
		}
	}
	for _, manifest := range snapshot.Tables {
		if _, err := s.Commit(ctx, manifest); err != nil {
			return nil, err
		}
	}
	return snapshot, nil
}

// Snapshot reads what the run's extract froze. It is an *ObjectError with Missing set when the
// run has not finished its extract.
func (s *Store) Snapshot(ctx context.Context, runID string) (*Snapshot, error) {
	snapshot := &Snapshot{}
	return snapshot, s.ReadJSON(ctx, Raw, SnapshotKey(runID), snapshot)
}

// Frozen returns what the run's extract froze, or nil when it has not finished.
func (s *Store) Frozen(ctx context.Context, runID string) (*Snapshot, error) {
	snapshot, err := s.Snapshot(ctx, runID)
	var object *ObjectError
	if errors.As(err, &object) && object.Missing {
		return nil, nil
	}
	return snapshot, err
}
