package etl_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"mercado/activities/etl"
	"mercado/internal/lake"
)

// A step that loses something writes a file and a manifest that agree with each other and not
// with the rest: that is what is planted here, in one zone after the other.
func TestLossInAnyZoneStopsTheRunWithTheDifferenceNamed(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 10)")
	run, _ := p.load("2026-03-01", "2026-03-02")
	execution := run.Execution
	for _, place := range []struct {
		zone  lake.Zone
		table string
		next  etl.Step
	}{
		{lake.Raw, "order_items", etl.Clean},
		{lake.Clean, "order_items", etl.Work},
		{lake.Work, "order_lines", etl.Gold},
		{lake.Gold, "sales", etl.Stage},
	} {
		for _, loss := range []struct {
			what   string
			plant  func(rows []parquet.Row, price int) []parquet.Row
			differ string
		}{
			{"a row", func(rows []parquet.Row, _ int) []parquet.Row { return rows[1:] }, "rows of order_items"},
			{"a cent", func(rows []parquet.Row, price int) []parquet.Row {
				old := rows[0][price]
				rows[0][price] = parquet.Int64Value(old.Int64()-1).Level(0, old.DefinitionLevel(), price)
				return rows
			}, "total_price of order_items"},
		} {
			damaged := lake.Output{Zone: place.zone, Table: place.table, RunID: run.ID.String(), Execution: execution}
			if place.zone == lake.Raw {
				damaged.Execution = 1
			}
			restore := p.plant(damaged, loss.plant)
			var err error
			run, err = p.replay(run, place.next)
			if err == nil || !strings.Contains(err.Error(), "reconcile: totals do not reconcile") || !strings.Contains(err.Error(), loss.differ) ||
				!strings.Contains(err.Error(), "(-1)") {
				t.Errorf("%s lost in %s: %v", loss.what, place.zone, err)
			}
			restore()
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

// plant rewrites the first part of an output and everything that describes it. restore undoes it.
func (p *pipeline) plant(output lake.Output, change func(rows []parquet.Row, price int) []parquet.Row) (restore func()) {
	p.t.Helper()
	objects := p.objects()
	manifestKey, snapshotKey := output.ManifestKey(), lake.SnapshotKey(output.RunID)
	manifest, err := p.Store.Manifest(p.t.Context(), output)
	if err != nil {
		p.t.Fatal(err)
	}
	part := &manifest.Parts[0]
	originals := map[string][]byte{part.Key: objects.get(output.Zone, part.Key), manifestKey: objects.get(output.Zone, manifestKey)}
	data, lostRows, lostCents := rewrite(p.t, originals[part.Key], change)
	part.Size, part.SHA256 = int64(len(data)), lake.Digest(data)
	part.Rows -= lostRows
	part.Sums["total_price"] -= lostCents
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

func rewrite(t *testing.T, data []byte, change func([]parquet.Row, int) []parquet.Row) (changed []byte, lostRows, lostCents int64) {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, found := file.Schema().Lookup("total_price")
	if !found {
		t.Fatal("no total_price")
	}
	rows := rowsOf(t, file)
	var before, after int64
	for _, row := range rows {
		before += row[leaf.ColumnIndex].Int64()
	}
	kept := change(rows, leaf.ColumnIndex)
	for _, row := range kept {
		after += row[leaf.ColumnIndex].Int64()
	}
	var out bytes.Buffer
	writer := parquet.NewGenericWriter[any](&out, file.Schema())
	if _, err := writer.WriteRows(kept); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), int64(len(rows) - len(kept)), before - after
}
