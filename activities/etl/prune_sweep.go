package etl

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake"
)

// manifestsAtOnce is how many files that name parts are read at a time.
const manifestsAtOnce = 8

// sweep removes from a zone what nothing names. It reads the zone once, in the order of the keys, and
// keeps in memory: of zone gold the keys that stand or that histories of kept runs name, as far as
// they are files of runs that were given up; and the keys that manifests of kept runs name, of one
// table at a time, but of zone raw those that the snapshots of all kept runs name.
type sweep struct {
	*Activities
	request PruneRequest
	*condemned
	pruned *PrunedZone
	tell   func() // of what has gone so far

	marked map[string]bool     // keys of runs that were given up, that stay
	whole  map[madeOf]bool     // whose manifest is missing: all files of them stay
	named  map[string]bool     // keys that the files in naming name; nil until they are needed
	naming []lake.Output       // manifests of kept runs of the table that the sweep is at; in zone raw, runs with a snapshot
	table  string              // that the sweep is at
	last   string              // the key that the sweep is at
	doomed []lake.Object       // to be removed by the next request
	orphan map[string]struct{} // of them, those of runs that are kept
}

// madeOf is what a run has made of a table.
type madeOf struct {
	table string
	run   uuid.UUID
}

func (s *sweep) zone(ctx context.Context) error {
	s.marked, s.whole, s.orphan = map[string]bool{}, map[madeOf]bool{}, map[string]struct{}{}
	if s.pruned.Zone == lake.Gold {
		if err := s.mark(ctx); err != nil {
			return err
		}
	}
	for object, err := range s.Store.Objects(ctx, s.pruned.Zone, "") {
		if err != nil {
			return err
		}
		if err := s.object(ctx, object); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// object decides on an object.
func (s *sweep) object(ctx context.Context, object lake.Object) error {
	if object.Key <= s.last { // parts would be met before the manifests that name them
		return fmt.Errorf("the object store lists %s after %s: a prune needs the keys in their order", object.Key, s.last)
	}
	s.last = object.Key
	run, known := s.runs[object.RunID]
	if object.Kind == lake.ForeignObject || !known {
		s.pruned.Foreign.Add(object)
		return nil
	}
	if object.Table != s.table {
		s.table = object.Table
		if s.pruned.Zone != lake.Raw {
			s.naming, s.named = nil, nil
		}
	}
	if run.givenUp {
		if s.marked[object.Key] || s.whole[madeOf{object.Table, object.RunID}] {
			s.pruned.Kept.Add(object)
			return nil
		}
		return s.remove(ctx, object)
	}
	names := lake.ManifestObject
	if s.pruned.Zone == lake.Raw {
		names = lake.SnapshotObject
	}
	if object.Kind == names && run.ended {
		s.naming = append(s.naming, lake.Output{Zone: s.pruned.Zone, Table: object.Table, RunID: object.RunID.String(), Execution: object.Execution})
	}
	part := object.Kind == lake.PartObject || object.Kind == lake.QuarantineObject
	if !part || !run.ended || !object.ModifiedAt.Before(s.request.Orphans) {
		s.pruned.Kept.Add(object)
		return nil
	}
	if err := s.name(ctx); err != nil {
		return err
	}
	if s.named[object.Key] {
		s.pruned.Kept.Add(object)
		return nil
	}
	s.orphan[object.Key] = struct{}{}
	return s.remove(ctx, object)
}

// remove has an object removed with the next batch.
func (s *sweep) remove(ctx context.Context, object lake.Object) error {
	s.doomed = append(s.doomed, object)
	if len(s.doomed) < lake.MostRemoved {
		return nil
	}
	return s.flush(ctx)
}

func (s *sweep) flush(ctx context.Context) error {
	if len(s.doomed) == 0 {
		return nil
	}
	if !s.request.DryRun {
		keys := make([]string, len(s.doomed))
		for i, object := range s.doomed {
			keys[i] = object.Key
		}
		if err := s.Store.Remove(ctx, s.pruned.Zone, keys); err != nil {
			return err
		}
	}
	for _, object := range s.doomed {
		s.pruned.Removed.Add(object)
		if _, is := s.orphan[object.Key]; is {
			s.pruned.Orphans.Add(object)
		}
	}
	s.doomed = s.doomed[:0]
	clear(s.orphan)
	s.tell()
	return nil
}

// mark finds what stays in zone gold of runs that were given up: what stands or can stand again, and the
// history that runs read that are kept. Parts count by their keys: a manifest may have taken them over
// from an earlier execution.
func (s *sweep) mark(ctx context.Context) error {
	var lock sync.Mutex
	readers, reading := errgroup.WithContext(ctx)
	readers.SetLimit(manifestsAtOnce)
	for _, version := range s.versions {
		if !s.runs[version.RunID].givenUp {
			continue
		}
		output := lake.Output{Zone: lake.Gold, Table: version.Table, RunID: version.RunID.String(), Execution: version.Execution}
		readers.Go(func() error {
			manifest, err := s.Store.Committed(reading, output)
			if err != nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			if manifest == nil { // what it named nobody can tell
				s.whole[madeOf{version.Table, version.RunID}] = true
				return nil
			}
			s.marked[output.ManifestKey()] = true
			for _, part := range manifest.Parts {
				s.marked[part.Key] = true
			}
			return nil
		})
	}
	err := readers.Wait()
	if err != nil {
		return err
	}
	readers, reading = errgroup.WithContext(ctx)
	readers.SetLimit(manifestsAtOnce)
	for object, err := range s.Store.Objects(ctx, lake.Gold, "_runs/") {
		if err != nil {
			return errors.Join(err, readers.Wait())
		}
		if run, known := s.runs[object.RunID]; object.Kind != lake.HistoryObject || !known || run.givenUp {
			continue
		}
		readers.Go(func() error {
			history, err := s.Store.FrozenHistory(reading, object.RunID.String(), object.Execution)
			if err != nil || history == nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			for _, table := range history.Tables {
				for _, part := range table.Parts() {
					if s.runs[lake.ParseKey(part.Key).RunID].givenUp {
						s.marked[part.Key] = true
					}
				}
			}
			return nil
		})
	}
	return readers.Wait()
}

// name reads what kept runs that have ended name: of zone raw all at once, by their snapshots, because a
// worker that died may not have written the manifests that follow from one.
func (s *sweep) name(ctx context.Context) error {
	if s.named != nil {
		return nil
	}
	s.named = map[string]bool{}
	var lock sync.Mutex
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(manifestsAtOnce)
	for _, output := range s.naming {
		readers.Go(func() error {
			manifests, err := s.manifests(ctx, output)
			if err != nil {
				return err
			}
			lock.Lock()
			defer lock.Unlock()
			for _, manifest := range manifests {
				for _, part := range manifest.Parts {
					s.named[part.Key] = true
				}
				for _, part := range manifest.Quarantine {
					s.named[part.Key] = true
				}
			}
			return nil
		})
	}
	return readers.Wait()
}

func (s *sweep) manifests(ctx context.Context, output lake.Output) ([]*lake.Manifest, error) {
	if output.Zone == lake.Raw {
		snapshot, err := s.Store.Snapshot(ctx, output.RunID)
		return snapshot.Tables, err
	}
	manifest, err := s.Store.Manifest(ctx, output)
	return []*lake.Manifest{manifest}, err
}
