package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store/shopdb"
)

// ErasureTableStep erases a customer from the parts of a table.
type ErasureTableStep struct {
	Request ErasureRequest `json:"request"`
	Table   ErasureTable   `json:"table"`
}

// ErasedTable is what became of a table.
type ErasedTable struct {
	ErasureTable
	Parts     int      `json:"parts"`     // that were looked at
	Rewritten int      `json:"rewritten"` // of them, because the customer was in them
	Dropped   int      `json:"dropped"`   // old versions of objects, and uploads that were never finished
	Missing   []string `json:"missing"`   // parts that manifests name and that are not there: once restored, they say who it was
	Problems  []string `json:"problems"`  // parts that are not what their manifest says: they were left alone
}

// erasedFromShop is what the shop knows of the customer that the lake is searched with.
type erasedFromShop struct{ orders []uuid.UUID }

// EraseTable writes anew, under their keys, the parts of a table that the customer is in: those of all runs, also
// parts that no manifest names. What takes the place of a part is on record before it is written, so that whoever
// goes on after a crash knows it. Old versions of objects go.
func (a *Activities) EraseTable(ctx context.Context, step ErasureTableStep) (*ErasedTable, error) {
	var progress erasedSoFar
	if activity.HasHeartbeatDetails(ctx) { // of a try that died
		_ = activity.GetHeartbeatDetails(ctx, &progress)
	}
	tell, stop := beatWith(ctx, progress)
	defer stop()
	erasing, err := a.erasing(ctx, step.Request, step.Table)
	if err != nil {
		return nil, classify(err)
	}
	progress.Done.ErasureTable = step.Table
	erasing.erasedSoFar = progress
	err = a.inScratch(fmt.Sprintf("erase-%s-%s-", step.Table.Zone, step.Table.Table), func(folder string) error {
		erasing.folder = folder
		return erasing.run(ctx, tell)
	})
	if err == nil {
		erasing.Done.Dropped, err = a.Store.DropOldVersions(ctx, step.Table.Zone, lake.Folder(step.Table.Table), erasing.Left)
	}
	if err != nil {
		return nil, classify(a.advise(fmt.Errorf("erase from %s.%s: %w", step.Table.Zone, step.Table.Table, err)))
	}
	return &erasing.Done, nil
}

// erasedSoFar is what a try tells by its heartbeats, and the next goes on from.
type erasedSoFar struct {
	Last string      `json:"last"` // key that was looked at; keys come in their order
	Of   int         `json:"of"`   // so many keys
	Left []string    `json:"left"` // keys of parts that were left as they are: what they were before may be what they should be
	Done ErasedTable `json:"done"`
}

// erasing is a table on its way.
type erasing struct {
	*Activities
	erasedSoFar
	person   personTable
	customer int64
	shop     erasedFromShop
	known    map[string]lake.Part      // parts by key, as their manifests have them
	planned  map[string]lake.Rewritten // what was begun to be written before, by key
	folder   string
}

func (a *Activities) erasing(ctx context.Context, request ErasureRequest, table ErasureTable) (*erasing, error) {
	e := &erasing{Activities: a, customer: request.CustomerID, known: map[string]lake.Part{}, planned: map[string]lake.Rewritten{}}
	var err error
	if e.person, err = a.person(table); err != nil {
		return nil, err
	}
	if e.shop.orders, err = a.Shop.OrdersOfErased(ctx, e.customer); err != nil {
		return nil, fmt.Errorf("look which orders were the customer's: %w", err)
	}
	rewritten, err := a.rewritten(ctx, request)
	if err != nil {
		return nil, err
	}
	e.planned = rewritten[table.Zone]
	unread := func(err error) error { // EraseManifests tells of it
		if lostObject(err) != nil {
			return nil
		}
		return err
	}
	err = a.manifestsOf(ctx, table, unread, func(manifest *lake.Manifest) error {
		for _, part := range manifest.AllParts() {
			e.known[part.Key] = part
		}
		return nil
	})
	return e, err
}

// rewritten is what the erasure has planned to write in place of parts, by zone and key.
func (a *Activities) rewritten(ctx context.Context, request ErasureRequest) (map[lake.Zone]map[string]lake.Rewritten, error) {
	rows, err := a.Shop.ErasedParts(ctx, request.CustomerID)
	if err != nil {
		return nil, fmt.Errorf("look what was erased: %w", err)
	}
	rewritten := map[lake.Zone]map[string]lake.Rewritten{}
	for _, row := range rows {
		zone := lake.Zone(row.Zone)
		if rewritten[zone] == nil {
			rewritten[zone] = map[string]lake.Rewritten{}
		}
		now := lake.Rewritten{Was: row.WasSha256, Part: lake.Part{Key: row.Key, SHA256: row.Sha256, Size: row.Size}}
		now.Rows = row.Rows
		rewritten[zone][row.Key] = now
	}
	return rewritten, nil
}

// manifestsOf gives every manifest of a table to do, and the errors of those that cannot be read to unread.
func (a *Activities) manifestsOf(ctx context.Context, table ErasureTable, unread func(error) error, do func(*lake.Manifest) error) error {
	keys, err := a.Store.Keys(ctx, table.Zone, lake.Folder(table.Table)+lake.Manifests)
	if err != nil {
		return err
	}
	for _, key := range keys {
		manifest := &lake.Manifest{}
		if err := a.Store.ReadJSON(ctx, table.Zone, key, manifest); err != nil {
			if err := unread(err); err != nil {
				return err
			}
			continue
		}
		if err := do(manifest); err != nil {
			return err
		}
	}
	return nil
}

func (e *erasing) run(ctx context.Context, tell func(erasedSoFar)) error {
	keys, err := e.Store.Keys(ctx, e.Done.Zone, lake.Folder(e.Done.Table))
	if err != nil {
		return err
	}
	e.Of = len(keys)
	for _, key := range keys {
		if !strings.HasSuffix(key, ".parquet") || key <= e.Last {
			continue
		}
		if err := e.part(ctx, key); err != nil {
			return err
		}
		e.Done.Parts++
		e.Last = key
		tell(e.erasedSoFar)
	}
	for key := range e.known {
		if _, there := slices.BinarySearch(keys, key); !there {
			e.Done.Missing = append(e.Done.Missing, e.Store.Bucket(e.Done.Zone)+"/"+key)
		}
	}
	slices.Sort(e.Done.Missing)
	return nil
}

// unusable tells of an object that nobody can look into.
func unusable(place string) string {
	return fmt.Sprintf("object %s cannot be read as a part of its table and was left as it is: restore or remove it, and erase again", place)
}

func (e *erasing) part(ctx context.Context, key string) (err error) {
	in, out := filepath.Join(e.folder, "in.parquet"), filepath.Join(e.folder, "out.parquet")
	defer func() {
		for _, path := range []string{in, out} {
			if removed := os.Remove(path); removed != nil && !errors.Is(removed, os.ErrNotExist) {
				err = errors.Join(err, removed)
			}
		}
	}()
	found, err := e.Store.Fetch(ctx, e.Done.Zone, key, in)
	if err != nil {
		return err
	}
	known, named := e.known[key]
	planned, ours := e.planned[key]
	ours = ours && planned.SHA256 == found // an earlier try, or an earlier erasure, got this far
	if named && known.SHA256 != found && !ours {
		e.Left = append(e.Left, key)
		e.Done.Problems = append(e.Done.Problems, fmt.Sprintf("object %s/%s is not what its manifest says and was left as it is: restore or remove it, and erase again", e.Store.Bucket(e.Done.Zone), key))
		return nil
	}
	rows, changed, err := e.Engine.Erase(ctx, e.person.part(e.customer, e.shop, in, out))
	if is[*model.UnusablePart](err) {
		e.Left = append(e.Left, key)
		e.Done.Problems = append(e.Done.Problems, unusable(e.Store.Bucket(e.Done.Zone)+"/"+key))
		return nil
	}
	if ours && !changed {
		e.Done.Rewritten++
	}
	if err != nil || !changed {
		return err
	}
	was := found
	if named { // an erasure that was cut off may not have told the manifest
		was = known.SHA256
	}
	part, err := lake.Describe(key, out, lake.Totals{Rows: rows, Sums: known.Sums})
	if err != nil {
		return err
	}
	if err := e.Shop.PlanErasedPart(ctx, shopdb.PlanErasedPartParams{
		CustomerID: e.customer, Zone: string(e.Done.Zone), Key: key, WasSha256: was, Sha256: part.SHA256, Size: part.Size, Rows: rows,
	}); err != nil {
		return fmt.Errorf("plan what %s becomes: %w", key, err)
	}
	if _, err := e.Store.UploadPart(ctx, e.Done.Zone, key, out, part.Totals); err != nil {
		return err
	}
	e.Done.Rewritten++
	return nil
}
