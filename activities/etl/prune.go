package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"mercado/internal/lake"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/internal/warehouse"
)

// PruneRequest says what is kept of old runs.
type PruneRequest struct {
	At       time.Time `json:"at"`       // when it was asked for: names what it gives up
	Before   time.Time `json:"before"`   // runs that ended before then are given up
	Versions int       `json:"versions"` // how many of the latest publishes can be undone, besides those since Before
	Orphans  time.Time `json:"orphans"`  // of runs that are kept, what no manifest names goes if it was written before then, and what was staged if they ended before
	DryRun   bool      `json:"dry_run"`  // nothing goes
}

// GivenUp is what a prune has given up, in the records of shop and warehouse.
type GivenUp struct {
	WaitsFor string `json:"waits_for,omitempty"` // maintenance that must end before anything is given up: ask again

	Runs      int   `json:"runs"`      // whose files go
	Publishes int64 `json:"publishes"` // that cannot be undone any more
}

// PruneZone is a zone to prune.
type PruneZone struct {
	Request PruneRequest `json:"request"`
	Zone    lake.Zone    `json:"zone"`
}

// PrunedZone is what went of a zone, or would go, and what is left. A worker that died while it removed a
// batch may have removed objects that are counted nowhere.
type PrunedZone struct {
	Zone    lake.Zone `json:"zone" enum:"raw,clean,work,gold"`
	Removed Amount    `json:"removed"` // orphans among them
	Orphans Amount    `json:"orphans"` // that no manifest named, of runs whose other files stay
	Kept    Amount    `json:"kept"`
	Foreign Amount    `json:"foreign"` // of no run on record: nothing of it is removed
}

// Amount is a number of objects and their size.
type Amount struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// Add counts an object.
func (a *Amount) Add(object lake.Object) {
	a.Objects++
	a.Bytes += object.Size
}

// GiveUpRuns gives up the files of old runs, and what stood before old publishes: from then on such a
// run is not replayed, and such a publish not undone. It removes nothing from the lake yet. Until EndPrune no
// other maintenance begins; while one is under way it gives up nothing, and says so.
func (a *Activities) GiveUpRuns(ctx context.Context, request PruneRequest) (*GivenUp, error) {
	if !request.DryRun {
		m := pruning
		m.WorkflowID = activity.GetInfo(ctx).WorkflowExecution.ID
		waitsFor, _, err := a.Shop.TakeMaintenance(ctx, m)
		if err != nil || waitsFor != "" {
			return &GivenUp{WaitsFor: waitsFor}, err
		}
	}
	condemned, err := a.giveUp(ctx, request)
	if err != nil {
		return nil, classify(err)
	}
	return &condemned.GivenUp, nil
}

// pruning is what a prune is to other maintenance. Loads go on beside it.
var pruning = store.Maintenance{Kind: store.Retention, Subject: "old runs"}

// EndPrune lets other maintenance begin.
func (a *Activities) EndPrune(ctx context.Context) error { return a.Shop.EndMaintenance(ctx, pruning) }

// PruneLake removes what is not needed any more from a zone.
func (a *Activities) PruneLake(ctx context.Context, step PruneZone) (*PrunedZone, error) {
	pruned := &PrunedZone{}
	if activity.HasHeartbeatDetails(ctx) && !step.Request.DryRun { // of a try that died, what it has removed
		_ = activity.GetHeartbeatDetails(ctx, pruned)
	}
	// What stands is counted by the try that comes to the end.
	pruned.Zone, pruned.Kept, pruned.Foreign = step.Zone, Amount{}, Amount{}
	tell, stop := beatWith(ctx, *pruned)
	defer stop()
	condemned, err := a.giveUp(ctx, step.Request)
	if err == nil {
		sweep := &sweep{Activities: a, request: step.Request, condemned: condemned, pruned: pruned, tell: func() { tell(*pruned) }}
		err = sweep.zone(ctx)
	}
	if err != nil {
		return nil, classify(fmt.Errorf("prune zone %s: %w", step.Zone, err))
	}
	return pruned, nil
}

// condemned is what a prune has to know of runs and of the warehouse.
type condemned struct {
	GivenUp
	runs     map[uuid.UUID]runFiles
	versions []warehouse.KeptVersion // what stands or can stand again
}

// runFiles is what becomes of a run's files.
type runFiles struct {
	givenUp bool
	ended   bool
	left    bool // what it has staged is of no use to anybody
}

// StrangeWarehouseError tells of a warehouse that does not know what the shop's runs have published: what
// protects the files that stand is not in it.
type StrangeWarehouseError struct {
	Published int       // runs that have published, as the shop says
	Unknown   int       // of them, those that the warehouse does not know
	One       uuid.UUID // of these
	GivenUp   bool      // which cannot be published again
}

func (e *StrangeWarehouseError) Error() string {
	mend := fmt.Sprintf("if it was made anew or restored, publish them to it again: mercado etl replay %s --from publish, and so on", e.One)
	if e.GivenUp {
		mend = "if it was made anew, load it first: mercado etl backfill"
	}
	return fmt.Sprintf("the warehouse does not know %d of %d runs that have published, so it cannot tell which files are needed, and none is removed. "+
		"See that MERCADO_WAREHOUSE_URL of all workers names the warehouse that these runs were published to; %s", e.Unknown, e.Published, mend)
}

// recognise returns a *StrangeWarehouseError unless the warehouse knows the runs that have published. Those that
// were given up before are not asked for one by one: a warehouse that was restored may lack some, and nobody can
// publish them again.
func (a *Activities) recognise(ctx context.Context, rows []shopdb.RunsByFilesRow, at time.Time) error {
	var kept, all []uuid.UUID
	for _, row := range rows {
		if !row.Published {
			continue
		}
		all = append(all, row.ID)
		if row.PrunedAt == nil || row.PrunedAt.Equal(at) {
			kept = append(kept, row.ID)
		}
	}
	unknown, err := a.Warehouse.UnknownRuns(ctx, all)
	if err != nil {
		return fmt.Errorf("look which runs the warehouse knows: %w", err)
	}
	for _, id := range kept {
		if slices.Contains(unknown, id) {
			return &StrangeWarehouseError{Published: len(all), Unknown: len(unknown), One: id}
		}
	}
	if len(all) > 0 && len(unknown) == len(all) {
		return &StrangeWarehouseError{Published: len(all), Unknown: len(unknown), One: unknown[0], GivenUp: true}
	}
	return nil
}

// errDry undoes what was only tried.
var errDry = errors.New("a dry run changes nothing")

// giveUp records which runs are given up and what is not undone any more. It is done while runs are
// locked: a replay or a rollback is on record as under way before, and then keeps what it needs, or comes
// after and is refused. Asked again, it gives up the same.
func (a *Activities) giveUp(ctx context.Context, request PruneRequest) (*condemned, error) {
	found := &condemned{runs: map[uuid.UUID]runFiles{}}
	err := a.Shop.InTx(ctx, func(queries *shopdb.Queries) error {
		if err := queries.LockRuns(ctx); err != nil {
			return err
		}
		if err := queries.GiveUpRuns(ctx, shopdb.GiveUpRunsParams{At: request.At, Before: request.Before}); err != nil {
			return err
		}
		rows, err := queries.RunsByFiles(ctx)
		if err != nil {
			return err
		}
		if err := a.recognise(ctx, rows, request.At); err != nil { // before the warehouse forgets anything
			return err
		}
		busy := []uuid.UUID{}
		for _, row := range rows {
			found.runs[row.ID] = runFiles{
				givenUp: row.PrunedAt != nil, ended: row.FinishedAt != nil,
				left: row.FinishedAt != nil && row.FinishedAt.Before(request.Orphans),
			}
			if row.FinishedAt == nil {
				busy = append(busy, row.ID)
			}
			if row.PrunedAt != nil && row.PrunedAt.Equal(request.At) {
				found.Runs++
			}
		}
		found.Publishes, found.versions, err = a.Warehouse.Forget(ctx, warehouse.Forgetting{
			Versions: request.Versions, Since: request.Before, Busy: busy, At: request.At, Dry: request.DryRun,
			Left: func(id uuid.UUID) bool { return found.runs[id].left },
		})
		if err != nil {
			return err
		}
		standing := map[uuid.UUID]bool{}
		for _, version := range found.versions {
			standing[version.RunID] = true
		}
		ids := []uuid.UUID{}
		for id := range standing {
			ids = append(ids, id)
		}
		if err := queries.ForgetSteps(ctx, ids); err != nil {
			return err
		}
		if request.DryRun {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		return nil, fmt.Errorf("give up old runs: %w", err)
	}
	return found, nil
}
