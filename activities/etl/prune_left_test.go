package etl_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/minio/minio-go/v7"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// place is where an object lies.
type place struct {
	zone lake.Zone
	key  string
}

// all objects of the lake, and their sizes.
func (o *objects) all() map[place]int64 {
	o.t.Helper()
	found := map[place]int64{}
	for _, zone := range lake.Zones {
		for object := range o.client.ListObjects(o.t.Context(), o.p.Store.Bucket(zone), minio.ListObjectsOptions{Recursive: true}) {
			if object.Err != nil {
				o.t.Fatal(object.Err)
			}
			found[place{zone, object.Key}] = object.Size
		}
	}
	return found
}

// names are the values under "key", at any depth, of a file of zone gold.
func (o *objects) names(key string) []string {
	o.t.Helper()
	var document any
	if err := json.Unmarshal(o.get(lake.Gold, key), &document); err != nil {
		o.t.Fatal(err)
	}
	var names []string
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				walk(item)
			}
		case map[string]any:
			if name, is := value["key"].(string); is {
				names = append(names, name)
			}
			for _, item := range value {
				walk(item)
			}
		}
	}
	walk(document)
	return names
}

// needed is what is left of all objects once old runs are given up: all that is not theirs, though it be named like
// it; what stands; what stood before the publishes of some runs; and what other runs have read of it.
func (p *pipeline) needed(objects map[place]int64, old, undoable []etl.Run) map[place]int64 {
	p.t.Helper()
	by := []string{uuid.Nil.String()}
	for _, run := range undoable {
		by = append(by, run.ID.String())
	}
	is := func(key string, runs []etl.Run) bool {
		return slices.ContainsFunc(runs, func(r etl.Run) bool { return strings.Contains(key, "run="+r.ID.String()+"/") })
	}
	stays := map[string]bool{}
	manifests := p.text(`select string_agg(distinct format('table=%s/_manifests/run=%s/execution=%s.json',
		table_name, run_id, lpad(execution::text, 4, '0')), ' ') from (
			select table_name, run_id, execution from warehouse.versions
			union all select table_name, run_id, execution from warehouse.version_log
			where run_id is not null and by_run in ('` + strings.Join(by, "', '") + `')) as v`)
	for _, key := range strings.Fields(manifests) {
		stays[key] = true
		for _, part := range p.objects().names(key) {
			stays[part] = true
		}
	}
	for object := range objects {
		if strings.HasSuffix(object.key, "/history.json") && !is(object.key, old) {
			for _, part := range p.objects().names(object.key) {
				stays[part] = true
			}
		}
	}
	left := map[place]int64{}
	for object, size := range objects {
		if object.zone == lake.Gold && stays[object.key] || !is(object.key, old) || strings.HasPrefix(object.key, "experiments/") {
			left[object] = size
		}
	}
	return left
}

// wantLeft compares what is left of the lake with what should be.
func (p *pipeline) wantLeft(want map[place]int64) {
	p.t.Helper()
	got := p.objects().all()
	for object := range want {
		if _, there := got[object]; !there {
			p.t.Errorf("%s %s is gone", object.zone, object.key)
		}
	}
	for object := range got {
		if _, wanted := want[object]; !wanted {
			p.t.Errorf("%s %s is still there", object.zone, object.key)
		}
	}
}

// readable downloads every part of what stands.
func (p *pipeline) readable() {
	p.t.Helper()
	rows, err := p.Shop.Pool.Query(p.t.Context(), "select distinct table_name, run_id, execution from warehouse.versions")
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		output := lake.Output{Zone: lake.Gold}
		var id uuid.UUID
		if err := rows.Scan(&output.Table, &id, &output.Execution); err != nil {
			p.t.Fatal(err)
		}
		output.RunID = id.String()
		manifest, err := p.Store.Manifest(p.t.Context(), output)
		if err != nil {
			p.t.Error(err)
			continue
		}
		for _, part := range manifest.Parts {
			if err := p.Store.Download(p.t.Context(), lake.Gold, part, filepath.Join(p.t.TempDir(), "part")); err != nil {
				p.t.Error(err)
			}
		}
	}
}
