package etl_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// A step that loses something writes a file and a manifest that agree with each other and not
// with the rest: that is what is planted here, in one zone after the other. In zone gold each table loses something,
// and each is named.
func TestLossInAnyZoneStopsTheRunWithTheDifferenceNamed(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10), fixture.vary('2026-03-01')")
	run, _ := p.load("2026-03-01", "2026-03-02")
	execution := run.Execution
	for _, place := range []struct {
		zone  lake.Zone
		table string // "" for all
		next  etl.Step
	}{
		{lake.Raw, "order_items", etl.Clean},
		{lake.Clean, "order_items", etl.Work},
		{lake.Work, "order_lines", etl.Gold},
		{lake.Gold, "", etl.Stage},
	} {
		for _, lost := range []string{"rows", "cents"} {
			var restores []func()
			var named []string
			for table, column := range p.losing(place.zone, place.table, lost) {
				damaged := lake.Output{Zone: place.zone, Table: table, RunID: run.ID.String(), Execution: execution}
				of := table
				if place.zone == lake.Raw {
					damaged.Execution = 1
				}
				if place.zone == lake.Work {
					of = "order_items" // which it comes from
				}
				restores = append(restores, p.plant(damaged, column))
				named = append(named, fmt.Sprintf("%s of %s: ", cmp.Or(column, "rows"), of))
			}
			var err error
			if run, err = p.replay(run, place.next); err == nil || !strings.Contains(err.Error(), "reconcile: totals do not reconcile") {
				t.Errorf("%s lost in %s: %v", lost, place.zone, err)
			}
			for _, differ := range named {
				if _, after, found := strings.Cut(fmt.Sprint(err), differ); !found || !strings.Contains(strings.Split(after, ";")[0], "(-1)") {
					t.Errorf("%s lost in %s, and no word of %s%v", lost, place.zone, differ, err)
				}
			}
			for _, restore := range restores {
				restore()
			}
			p.want("select count(*) from warehouse.publications", "1")
			p.same("select count(*) from warehouse.sales", "select count(*) from ordering.order_items")
		}
		// A whole execution again, for the next zone to build on.
		var err error
		if run, err = p.replay(run, etl.Clean); err != nil {
			t.Fatal(err)
		}
		execution = run.Execution
	}
	p.same(warehouseRevenue, shopRevenue)
}

// losing are the tables that are to lose something, each with the column of which a cent is lost, or a unit where it
// has no amounts; "" for a row.
func (p *pipeline) losing(zone lake.Zone, table, what string) map[string]string {
	p.t.Helper()
	column := map[string]string{"rows": "", "cents": "total_price"}[what]
	if table != "" {
		return map[string]string{table: column}
	}
	all := map[string]string{}
	for _, m := range p.Models.Zone(zone) {
		switch {
		case what == "rows":
			all[m.Name] = ""
		case len(m.Totals) > 0:
			amount := slices.IndexFunc(m.Totals, amounts.MatchString)
			all[m.Name] = m.Totals[max(0, amount)]
		}
	}
	return all
}

// amounts are columns of which a cent is lost where a table has one.
var amounts = regexp.MustCompile(`^(unit_price|total_price|amount|price|revenue|profit|value)$`)

func TestLossInStagingStopsTheRun(t *testing.T) {
	t.Parallel()
	for what, plant := range map[string]string{
		"rows of sales":        "delete from %s where order_item_id = 1",
		"total_price of sales": "update %s set total_price = total_price - 0.01 where order_item_id = 1",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := setup(t)
			p.exec("select fixture.place('2026-03-01', 10)")
			release := p.hold()
			run := newRun(span(t, "2026-03-01", "2026-03-02"))
			started := p.start(run, etl.Extract)
			p.awaitHeld()
			staged := p.text("select staging.name_of('sales', '" + run.ID.String() + "', 1)")
			p.exec(strings.ReplaceAll(plant, "%s", "staging."+staged))
			release()
			if _, err := p.finish(started); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "in staging (-1)") {
				t.Errorf("the run ended with %v", err)
			}
			p.want("select count(*) from warehouse.sales", "0")
			p.want("select state from etl.runs", etl.Failed)
		})
	}
}

// plant takes one away from a column of the first part of an output, or a row from it where column is "", and rewrites
// everything that describes it. restore undoes it.
func (p *pipeline) plant(output lake.Output, column string) (restore func()) {
	p.t.Helper()
	objects := p.objects()
	manifestKey, snapshotKey := output.ManifestKey(), lake.SnapshotKey(output.RunID)
	manifest, err := p.Store.Manifest(p.t.Context(), output)
	if err != nil {
		p.t.Fatal(err)
	}
	part := &manifest.Parts[0]
	originals := map[string][]byte{part.Key: objects.get(output.Zone, part.Key), manifestKey: objects.get(output.Zone, manifestKey)}
	data, lost := rewrite(p.t, originals[part.Key], column)
	part.Size, part.SHA256 = int64(len(data)), lake.Digest(data)
	if column == "" {
		part.Rows--
	}
	for summed := range part.Sums {
		part.Sums[summed] -= lost[summed]
	}
	objects.put(output.Zone, part.Key, data)
	objects.put(output.Zone, manifestKey, encode(p.t, manifest))
	if output.Zone == lake.Raw {
		originals[snapshotKey] = objects.get(lake.Raw, snapshotKey)
		snapshot, err := p.Store.Snapshot(p.t.Context(), output.RunID)
		if err != nil {
			p.t.Fatal(err)
		}
		for i := range snapshot.Tables {
			if snapshot.Tables[i].Table == output.Table {
				snapshot.Tables[i] = manifest
			}
		}
		objects.put(lake.Raw, snapshotKey, encode(p.t, snapshot))
	}
	return func() {
		for key, data := range originals {
			objects.put(output.Zone, key, data)
		}
	}
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rewrite takes one away from a column, or the first row, and tells what every column of numbers has lost.
func rewrite(t *testing.T, data []byte, column string) (changed []byte, lost map[string]int64) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(t, file)
	if len(rows) == 0 {
		t.Fatalf("nothing to lose in %s", file.Schema())
	}
	lost = map[string]int64{}
	if column == "" {
		for i, name := range file.Schema().Columns() {
			switch value := rows[0][i]; value.Kind() {
			case parquet.Int32:
				lost[name[0]] = int64(value.Int32())
			case parquet.Int64:
				lost[name[0]] = value.Int64()
			}
		}
		rows = rows[1:]
	} else {
		leaf, found := file.Schema().Lookup(column)
		at := slices.IndexFunc(rows, func(row parquet.Row) bool { return !row[leaf.ColumnIndex].IsNull() })
		if !found || at < 0 {
			t.Fatalf("no %s", column)
		}
		old := rows[at][leaf.ColumnIndex]
		less := parquet.Int64Value(old.Int64() - 1)
		if old.Kind() == parquet.Int32 {
			less = parquet.Int32Value(old.Int32() - 1)
		}
		rows[at][leaf.ColumnIndex] = less.Level(old.RepetitionLevel(), old.DefinitionLevel(), leaf.ColumnIndex)
		lost[column] = 1
	}
	var out bytes.Buffer
	writer := parquet.NewGenericWriter[any](&out, file.Schema())
	if _, err := writer.WriteRows(rows); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), lost
}
