package etl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mercado/internal/lake"
	"mercado/internal/store/shopdb"
)

// ErasedManifests is what became of what names parts.
type ErasedManifests struct {
	Written  int      `json:"written"`  // objects, anew
	Problems []string `json:"problems"` // objects that cannot be read: they were left alone
}

// EraseManifests has everything that names a part say what it has become: the frozen extracts, the manifests of all
// executions and the histories that were read.
func (a *Activities) EraseManifests(ctx context.Context, request ErasureRequest) (*ErasedManifests, error) {
	say, stop := beat(ctx)
	defer stop()
	rewritten, err := a.rewritten(ctx, request)
	if err != nil {
		return nil, err
	}
	naming := &naming{
		Activities: a, request: request, rewritten: rewritten, contents: map[string]map[string]string{}, done: ErasedManifests{Problems: []string{}},
	}
	for _, do := range []func(context.Context) error{naming.snapshots, naming.manifests, naming.histories} {
		say(fmt.Sprintf("%d manifests written", naming.done.Written))
		if err := do(ctx); err != nil {
			return nil, classify(err)
		}
	}
	return &naming.done, nil
}

type naming struct {
	*Activities
	request   ErasureRequest
	rewritten map[lake.Zone]map[string]lake.Rewritten
	contents  map[string]map[string]string // of tables of gold: digests as they were, and as they are
	done      ErasedManifests
}

// lost notes an object that cannot be read: as it says nothing, it says nothing of what parts were. Any other error
// is returned.
func (n *naming) lost(err error) error {
	object := lostObject(err)
	if object == nil {
		return err
	}
	problem := fmt.Sprintf("object %s/%s cannot be read and was left as it is: restore or remove it, and erase again", object.Bucket, object.Key)
	if !slices.Contains(n.done.Problems, problem) {
		n.done.Problems = append(n.done.Problems, problem)
	}
	return nil
}

func (n *naming) write(ctx context.Context, zone lake.Zone, key string, value any) error {
	n.done.Written++
	return n.Store.OverwriteJSON(ctx, zone, key, value)
}

// snapshots come first: manifests of zone raw that are missing follow from them, and are made now.
func (n *naming) snapshots(ctx context.Context) error {
	keys, err := n.Store.Keys(ctx, lake.Raw, lake.Runs)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, lake.SnapshotFile) {
			continue
		}
		snapshot := &lake.Snapshot{}
		if err := n.Store.ReadJSON(ctx, lake.Raw, key, snapshot); err != nil {
			if err := n.lost(err); err != nil {
				return err
			}
			continue
		}
		if _, err := n.Store.Freeze(ctx, snapshot); err != nil {
			if err := n.lost(err); err != nil {
				return err
			}
		}
		changed := false
		for _, manifest := range snapshot.Tables {
			changed = manifest.Rewrite(n.rewritten[lake.Raw]) || changed
		}
		if !changed {
			continue
		}
		if err := n.write(ctx, lake.Raw, key, snapshot); err != nil {
			return err
		}
	}
	return nil
}

func (n *naming) manifests(ctx context.Context) error {
	persons, err := n.persons()
	if err != nil {
		return err
	}
	for _, person := range persons {
		table := ErasureTable{Zone: person.table.Zone, Table: person.table.Name}
		err := n.manifestsOf(ctx, table, n.lost, func(manifest *lake.Manifest) error {
			was := manifest.ContentDigest()
			if !manifest.Rewrite(n.rewritten[table.Zone]) {
				return nil
			}
			// Once the manifest is written nobody can tell any more what it was.
			if now := manifest.ContentDigest(); table.Zone == lake.Gold && now != was {
				err := n.Shop.PlanErasedContent(ctx, shopdb.PlanErasedContentParams{
					CustomerID: n.request.CustomerID, TableName: table.Table, Was: was, Content: now,
				})
				if err != nil {
					return fmt.Errorf("note what %s becomes: %w", manifest.Output, err)
				}
			}
			return n.write(ctx, table.Zone, manifest.ManifestKey(), manifest)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *naming) histories(ctx context.Context) error {
	rows, err := n.Shop.ErasedContents(ctx, n.request.CustomerID)
	if err != nil {
		return fmt.Errorf("look what was erased: %w", err)
	}
	for _, row := range rows {
		if n.contents[row.TableName] == nil {
			n.contents[row.TableName] = map[string]string{}
		}
		n.contents[row.TableName][row.Was] = row.Content
	}
	keys, err := n.Store.Keys(ctx, lake.Gold, lake.Runs)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, lake.HistoryFile) {
			continue
		}
		history := &lake.History{}
		if err := n.Store.ReadJSON(ctx, lake.Gold, key, history); err != nil {
			if err := n.lost(err); err != nil {
				return err
			}
			continue
		}
		if !history.Rewrite(n.rewritten[lake.Gold], n.contents) {
			continue
		}
		if err := n.write(ctx, lake.Gold, key, history); err != nil {
			return err
		}
	}
	return nil
}
