package etl_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// DuckDB writes gold. Here another engine reads it, with nothing to go by but the files and the names
// of their folders: a run of few days, whose folders are days, and one of many, whose folders are months.
func TestGoldIsReadByAnotherEngine(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.exec("select fixture.place('2026-03-01', 20), fixture.place('2026-03-02', 20)")
	p.load("2026-03-01", "2026-03-03")
	p.exec("select fixture.place('2026-01-15', 8), fixture.place('2026-01-16', 2), fixture.place('2026-02-28', 8)")
	p.load("2026-01-01", "2026-03-01")
	folder := regexp.MustCompile(`^table=([a-z_]+)/date=(\d{4}-\d{2}(?:-\d{2})?)/run=[0-9a-f-]{36}/execution=\d{4}/part-\d{5}-\d+\.parquet$`)
	keys, err := p.Store.Keys(t.Context(), lake.Gold, "table=")
	if err != nil {
		t.Fatal(err)
	}
	objects := p.objects()
	tables := map[string]int64{}
	salesOf := map[string]int64{} // rows by the folder's date
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
		table, date := parts[1], parts[2]
		tables[table] += file.NumRows()
		p.asOthersReadIt(table, file.Schema())
		if table != "sales" {
			continue
		}
		price, _ := file.Schema().Lookup("total_price")
		status, _ := file.Schema().Lookup("order_status")
		at, _ := file.Schema().Lookup("ordered_at")
		for _, row := range rowsOf(t, file) {
			salesOf[date]++
			if ordered := time.UnixMicro(row[at.ColumnIndex].Int64()).UTC().Format(time.DateOnly); !strings.HasPrefix(ordered, date) {
				t.Errorf("a sale of %s lies in the folder of %s", ordered, date)
			}
			if row[status.ColumnIndex].String() != "cancelled" {
				revenue += row[price.ColumnIndex].Int64()
			}
		}
	}
	if got, want := fmt.Sprintf("%d.%02d", revenue/100, revenue%100), p.text(shopRevenue); got != want {
		t.Errorf("the other engine adds up %s, the shop %s", got, want)
	}
	if folders := strings.Join(sortedKeys(salesOf), " "); folders != "2026-01 2026-02 2026-03-01 2026-03-02" {
		t.Errorf("sales lie in the folders of %s", folders)
	}
	for _, m := range p.Models.Zone(lake.Gold) {
		if _, there := tables[m.Name]; !there {
			t.Errorf("no file of %s", m.Name)
		}
	}
}

var (
	// amountHeader is what a header says of a column that holds money; aboutMoney are columns that speak of it and hold none.
	amountHeader = regexp.MustCompile(`(?i)money|price|cost|revenue|profit|refund|discount|\btax|shipping|amount|total|value`)
	aboutMoney   = regexp.MustCompile(`(_id|_at|_status|\.currency|^orders\.discount_code|^customer_analytics\.m_score|^operational_metrics\.unit|^refunds\.qty)$`)
	// ratios are the decimals that are no money.
	ratios = strings.Fields(`cohorts.retention customer_analytics.orders_per_month operational_metrics.value
		product_performance.average_rating product_performance.average_stock product_performance.margin_percent
		product_performance.months_of_stock product_performance.turnover
		sales_metrics.growth_percent sales_metrics.orders_per_customer sales_metrics.seasonality`)
)

// asOthersReadIt reports what a reader would stumble over: money that is no DECIMAL(18, 2), times without a zone, and
// numbers that are not exact.
func (p *pipeline) asOthersReadIt(table string, schema *parquet.Schema) {
	p.t.Helper()
	m, err := p.Models.Get(model.Table{Zone: lake.Gold, Name: table})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(schema.Columns()) != len(m.Columns) {
		p.t.Errorf("%s has %d columns, its header %d", table, len(schema.Columns()), len(m.Columns))
	}
	for _, column := range m.Columns {
		leaf, there := schema.Lookup(column.Name)
		if !there {
			p.t.Errorf("%s has no column %s", table, column.Name)
			continue
		}
		name, kind := table+"."+column.Name, leaf.Node.Type()
		var value any
		if logical := kind.LogicalType(); logical != nil {
			value = logical.Value
		}
		decimal, isDecimal := value.(*format.DecimalType)
		isMoney := amountHeader.MatchString(column.Name+": "+column.Description) && !aboutMoney.MatchString(name)
		switch isRatio := slices.Contains(ratios, name); {
		case kind.Kind() == parquet.Int96 || kind.Kind() == parquet.Float || kind.Kind() == parquet.Double:
			p.t.Errorf("%s is %s", name, kind)
		case isRatio && (!isDecimal || decimal.Precision != 18 || decimal.Scale != 4):
			p.t.Errorf("%s is %s, want DECIMAL(18,4)", name, kind)
		case !isRatio && (isMoney || isDecimal) && (!isDecimal || decimal.Precision != 18 || decimal.Scale != 2):
			p.t.Errorf("%s is %s, want DECIMAL(18,2)", name, kind)
		}
		if strings.HasSuffix(column.Name, "_at") || column.Name == "day_start" || strings.HasPrefix(column.Name, "valid_") {
			if timestamp, is := value.(*format.TimestampType); !is || !timestamp.IsAdjustedToUTC {
				p.t.Errorf("%s is %s, want a timestamp of UTC", name, kind)
			}
		}
	}
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
