package etl_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/minio-go/v7"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"mercado/internal/lake"
)

// unsaid looks for the customer in what a worker that has ended has said.
func (p *pipeline) unsaid(worker *process) {
	p.t.Helper()
	said := found{}
	if said.search("worker log", worker.output.String()); len(said) > 0 {
		p.t.Errorf("a worker has said %v", said)
	}
}

// found are the places that have a text of the customer.
type found map[string][]string

// search notes the texts of the customer that are in data.
func (f found) search(place, data string) {
	data = strings.ToLower(data)
	for _, text := range ofZyx {
		if strings.Contains(data, text) {
			f[text] = append(f[text], place)
		}
	}
}

func (p *pipeline) nobodyLeft() {
	p.t.Helper()
	for text, places := range p.searchEverything() {
		p.t.Errorf("%q is left in %s", text, places)
	}
}

// searchEverything looks for the customer in every version of every object, as bytes and as the values of Parquet, in
// what was begun to be uploaded, in every column of every table, and in every history.
func (p *pipeline) searchEverything() found {
	p.t.Helper()
	all, searched := found{}, 0
	path := filepath.Join(p.t.TempDir(), "part.parquet")
	for _, zone := range lake.Zones {
		for key, uploads := range p.objects().uploads(zone) {
			all.search(fmt.Sprintf("%d uploads of %s/%s", uploads, zone, key), begunUpload)
		}
	}
	for name, data := range p.versions() {
		searched++
		all.search(name, string(data))
		if !strings.HasSuffix(name, ".parquet") {
			continue
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			p.t.Fatal(err)
		}
		err := lake.ReadRows(path, 0, func(_ int64, row lake.Row) bool {
			all.search("a value of "+name, fmt.Sprint(row))
			return true
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	for _, pool := range []*pgxpool.Pool{p.Shop.Pool, p.Warehouse.Pool} { // often of the same database
		tables, err := pool.Query(p.t.Context(), `select c.oid::regclass::text from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
			where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`)
		if err != nil {
			p.t.Fatal(err)
		}
		names, err := pgx.CollectRows(tables, pgx.RowTo[string])
		if err != nil || len(names) < 25 {
			p.t.Fatalf("%d tables: %v", len(names), err)
		}
		for _, name := range names {
			all.search("table "+name, p.textIn(pool, "select string_agg(t::text, ';') from "+name+" as t"))
		}
		all.search("the planner's statistics", p.textIn(pool, "select string_agg(s::text, ';') from pg_stats as s"))
	}
	listed, err := p.temporal.ListWorkflow(p.t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, execution := range listed.GetExecutions() {
		id := execution.GetExecution()
		events := p.temporal.GetWorkflowHistory(p.t.Context(), id.GetWorkflowId(), id.GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				p.t.Fatal(err)
			}
			all.search("history of "+id.GetWorkflowId(), event.String())
		}
	}
	if searched < 100 || len(listed.GetExecutions()) < 3 {
		p.t.Errorf("searched %d objects and %d histories", searched, len(listed.GetExecutions()))
	}
	return all
}

// nobodyOnDisk looks for the customer in the files of the database, after what the runbook says to do for them.
func (p *pipeline) nobodyOnDisk() {
	p.t.Helper()
	// Rows stay that some open transaction might see, in whatever database of the server: other tests hold some.
	gone := p.text("select pg_current_xact_id()")
	p.eventually("no transaction is open that began before", func() bool {
		return p.text("select pg_snapshot_xmin(pg_current_snapshot()) > '"+gone+"'::xid8") == "true"
	})
	p.exec("vacuum (full, analyze)")
	p.exec("checkpoint")
	database := p.text("select current_setting('data_directory') || '/base/' || oid from pg_database where datname = current_database()")
	files, err := os.ReadDir(database)
	if err != nil || len(files) < 100 {
		p.t.Fatalf("%d files in %s: %v", len(files), database, err)
	}
	all, there := found{}, false
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(database, file.Name()))
		if err != nil && !os.IsNotExist(err) {
			p.t.Fatal(err)
		}
		all.search("file "+file.Name(), string(data))
		there = there || bytes.Contains(data, []byte("erased-8@erased.invalid"))
	}
	if !there {
		p.t.Errorf("%s has not what took her place: the search looks in the wrong files", database)
	}
	for text, places := range all {
		p.t.Errorf("%q is left in %s", text, places)
	}
}

// contents is every object of every zone, by zone and key.
func (p *pipeline) contents() map[string][]byte {
	p.t.Helper()
	contents := map[string][]byte{}
	objects := p.objects()
	for _, zone := range lake.Zones {
		for object := range objects.client.ListObjects(p.t.Context(), p.Store.Bucket(zone), minio.ListObjectsOptions{Recursive: true}) {
			if object.Err != nil {
				p.t.Fatal(object.Err)
			}
			contents[string(zone)+"/"+object.Key] = objects.get(zone, object.Key)
		}
	}
	return contents
}

// versions is every version of every object of every zone, by zone, key and version.
func (p *pipeline) versions() map[string][]byte {
	p.t.Helper()
	versions := map[string][]byte{}
	objects := p.objects()
	options := minio.ListObjectsOptions{Recursive: true, WithVersions: true}
	for _, zone := range lake.Zones {
		for object := range objects.client.ListObjects(p.t.Context(), p.Store.Bucket(zone), options) {
			if object.Err != nil {
				p.t.Fatal(object.Err)
			}
			if !object.IsDeleteMarker {
				versions[fmt.Sprintf("version %s of %s/%s", object.VersionID, zone, object.Key)] = objects.getVersion(zone, object.Key, object.VersionID)
			}
		}
	}
	return versions
}

// othersAsTheyWere compares what is in the lake with what was: the same objects, the same rows of everybody else.
func (p *pipeline) othersAsTheyWere(before map[string][]byte) {
	p.t.Helper()
	after := p.contents()
	if !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		p.t.Error("there are not the same objects as before")
	}
	changed := 0
	for name, data := range before {
		if bytes.Equal(data, after[name]) || !strings.HasSuffix(name, ".parquet") {
			continue
		}
		changed++
		if rows, were := p.rowsOfOthers(after[name]), p.rowsOfOthers(data); !slices.Equal(rows, were) || len(rows) == 0 && !strings.Contains(name, "_quarantine") &&
			!strings.Contains(name, "reviews") && !strings.Contains(name, "refunds") {
			p.t.Errorf("%s had of others\n%s\nand has\n%s", name, were, rows)
		}
	}
	if changed < 20 {
		p.t.Errorf("%d parts were written anew", changed)
	}
}

func (p *pipeline) rowsOfOthers(data []byte) (rows []string) {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "part.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	err := lake.ReadRows(path, 0, func(_ int64, row lake.Row) bool {
		text := fmt.Sprint(row)
		for _, whose := range []string{" id:8 ", "customer_id:8 ", "00000000-0000-7000-8000-0000000008"} {
			if strings.Contains(text, whose) {
				return true
			}
		}
		rows = append(rows, text)
		return true
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return rows
}
