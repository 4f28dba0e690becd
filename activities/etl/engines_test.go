package etl_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"mercado/internal/lake"
)

// DuckDB writes gold. Here another engine reads it, with nothing to go by but the files and the names
// of their folders.
func TestGoldIsReadByAnotherEngine(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 20), fixture.place('2026-03-02', 20)")
	p.load("2026-03-01", "2026-03-03")
	folder := regexp.MustCompile(`^table=([a-z_]+)/date=(\d{4}-\d{2}-\d{2})/run=[0-9a-f-]{36}/execution=\d{4}/part-\d{5}-\d+\.parquet$`)
	keys, err := p.Store.Keys(t.Context(), lake.Gold, "table=")
	if err != nil {
		t.Fatal(err)
	}
	objects := p.objects()
	tables := map[string]int64{}
	var revenue int64
	for _, key := range keys {
		if !strings.HasSuffix(key, ".parquet") {
			continue
		}
		parts := folder.FindStringSubmatch(key)
		if parts == nil {
			t.Fatalf("%s is no hive-partitioned folder", key)
		}
		data := objects.get(lake.Gold, key)
		file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		table, day := parts[1], parts[2]
		tables[table] += file.NumRows()
		for _, column := range file.Schema().Columns() {
			leaf, _ := file.Schema().Lookup(column...)
			if problem := unlikeOthers(column[0], leaf.Node.Type()); problem != "" {
				t.Errorf("%s: %s", table, problem)
			}
		}
		if table != "sales" {
			continue
		}
		price, _ := file.Schema().Lookup("total_price")
		status, _ := file.Schema().Lookup("order_status")
		at, _ := file.Schema().Lookup("ordered_at")
		for _, row := range rowsOf(t, file) {
			if ordered := time.UnixMicro(row[at.ColumnIndex].Int64()).UTC().Format(time.DateOnly); ordered != day {
				t.Errorf("a sale of %s lies in the folder of %s", ordered, day)
			}
			if row[status.ColumnIndex].String() != "cancelled" {
				revenue += row[price.ColumnIndex].Int64()
			}
		}
	}
	if got, want := fmt.Sprintf("%d.%02d", revenue/100, revenue%100), p.text(shopRevenue); got != want {
		t.Errorf("the other engine adds up %s, the shop %s", got, want)
	}
	for _, m := range p.Models.Zone(lake.Gold) {
		if _, there := tables[m.Name]; !there {
			t.Errorf("no file of %s", m.Name)
		}
	}
}

// amounts are columns that hold an amount, whatever table they are in.
var amounts = regexp.MustCompile(`^(unit_price|unit_cost|discount|total_price|amount|price|cost|subtotal|tax_amount|shipping_cost|total_amount|revenue|profit)$`)

// unlikeOthers says what a reader would stumble over.
func unlikeOthers(column string, kind parquet.Type) string {
	logical := kind.LogicalType()
	if kind.Kind() == parquet.Int96 || kind.Kind() == parquet.Float || kind.Kind() == parquet.Double {
		return fmt.Sprintf("%s is %s", column, kind)
	}
	var value any
	if logical != nil {
		value = logical.Value
	}
	if amounts.MatchString(column) {
		if decimal, is := value.(*format.DecimalType); !is || decimal.Precision != 18 || decimal.Scale != 2 {
			return fmt.Sprintf("%s is %s, want DECIMAL(18,2)", column, kind)
		}
	}
	if strings.HasSuffix(column, "_at") || column == "day_start" {
		if timestamp, is := value.(*format.TimestampType); !is || !timestamp.IsAdjustedToUTC {
			return fmt.Sprintf("%s is %s, want a timestamp of UTC", column, kind)
		}
	}
	return ""
}

func rowsOf(t *testing.T, file *parquet.File) []parquet.Row {
	t.Helper()
	var all []parquet.Row
	for _, group := range file.RowGroups() {
		reader := group.Rows()
		buffer := make([]parquet.Row, group.NumRows())
		n, err := reader.ReadRows(buffer)
		if n != len(buffer) || err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("read %d of %d rows: %v", n, len(buffer), err)
		}
		for _, row := range buffer {
			all = append(all, row.Clone())
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
