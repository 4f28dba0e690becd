package lake

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"
)

// Kind is what an object of the lake is.
type Kind string

// Kinds of objects.
const (
	PartObject       Kind = "part"
	QuarantineObject Kind = "quarantine"
	ManifestObject   Kind = "manifest"
	SnapshotObject   Kind = "snapshot"
	HistoryObject    Kind = "history"
	ForeignObject    Kind = "" // no run has made it: a data scientist has, or somebody by hand
)

// Object is an object of a zone, and what its key tells of it.
type Object struct {
	Key        string
	Size       int64
	ModifiedAt time.Time
	Kind       Kind
	Table      string    // "" of a snapshot or a history, which are about all tables
	RunID      uuid.UUID // the nil one of a foreign object
	Execution  int       // 0 of a snapshot
}

// shapes are the keys of what runs make: table, run and execution are the groups of these names.
var shapes = []struct {
	kind Kind
	key  *regexp.Regexp
}{
	{PartObject, regexp.MustCompile(`^table=(?<table>[^/]+)/date=[^/]+/run=(?<run>[0-9a-f-]{36})/execution=(?<execution>\d{4,})/part-\d+-\d+\.parquet$`)},
	{QuarantineObject, regexp.MustCompile(`^table=(?<table>[^/]+)/_quarantine/date=[^/]+/run=(?<run>[0-9a-f-]{36})/execution=(?<execution>\d{4,})/part-\d+-\d+\.parquet$`)},
	{ManifestObject, regexp.MustCompile(`^table=(?<table>[^/]+)/_manifests/run=(?<run>[0-9a-f-]{36})/execution=(?<execution>\d{4,})\.json$`)},
	{SnapshotObject, regexp.MustCompile(`^_runs/run=(?<run>[0-9a-f-]{36})/snapshot\.json$`)},
	{HistoryObject, regexp.MustCompile(`^_runs/run=(?<run>[0-9a-f-]{36})/execution=(?<execution>\d{4,})/history\.json$`)},
}

// ParseKey tells what an object is by its key. A key that no run writes is a ForeignObject.
func ParseKey(key string) Object {
	for _, shape := range shapes {
		found := shape.key.FindStringSubmatch(key)
		if found == nil {
			continue
		}
		named := func(name string) string {
			if i := shape.key.SubexpIndex(name); i >= 0 {
				return found[i]
			}
			return ""
		}
		id, err := uuid.Parse(named("run"))
		if err != nil {
			break
		}
		execution, _ := strconv.Atoi(named("execution"))
		return Object{Key: key, Kind: shape.kind, Table: named("table"), RunID: id, Execution: execution}
	}
	return Object{Key: key}
}

// Objects lists a zone in the order of the keys: snapshots and histories first; of each table, and so of
// each output, the manifest before the parts. The store is asked for a page at a time.
func (s *Store) Objects(ctx context.Context, zone Zone, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for listed := range s.client.ListObjectsIter(ctx, s.Bucket(zone), minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if listed.Err != nil {
				yield(Object{}, s.classify(zone, prefix, listed.Err))
				return
			}
			object := ParseKey(listed.Key)
			object.Size, object.ModifiedAt = listed.Size, listed.LastModified
			if !yield(object, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // which the listing ends for without a word
			yield(Object{}, err)
		}
	}
}

// MostRemoved is how many objects the store removes by one request.
const MostRemoved = 1000

// Remove removes objects of a zone; that one is gone already is no error. After an error some are gone.
func (s *Store) Remove(ctx context.Context, zone Zone, keys []string) error {
	doomed := func(yield func(minio.ObjectInfo) bool) {
		for _, key := range keys {
			if !yield(minio.ObjectInfo{Key: key}) {
				return
			}
		}
	}
	results, err := s.client.RemoveObjectsWithIter(ctx, s.Bucket(zone), doomed, minio.RemoveObjectsOptions{})
	if err != nil {
		return s.classify(zone, keys[0], err)
	}
	for result := range results {
		if result.Err != nil {
			return fmt.Errorf("remove: %w", s.classify(zone, result.ObjectName, result.Err))
		}
	}
	return ctx.Err()
}
