package warehouse_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mercado/internal/lake"
	"mercado/internal/warehouse"
	"mercado/internal/warehouse/warehousedb"
)

const system = 1

// publication of stock on two days, of which every product has closing units, and of two vendors.
func (b *bench) publication(snapshot, baseline string, closing int) warehouse.Publication {
	b.t.Helper()
	p := warehouse.Publication{
		RunID: uuid.Must(uuid.NewV7()), Execution: 1,
		Interval: lake.Span{From: 20000, To: 20002},
		Mark:     lake.Mark{Snapshot: snapshot, SystemID: system},
		Tables: []warehouse.PublishedTable{
			{Name: "stock_daily", Facts: true, Days: []lake.Span{{From: 20000, To: 20002}}},
			{Name: "vendor"},
		},
	}
	if baseline != "" {
		p.Baseline = &lake.Mark{Snapshot: baseline, SystemID: system}
	}
	return b.staged(p, closing)
}

// staged is the publication with these closing units staged and reconciled.
func (b *bench) staged(p warehouse.Publication, closing int) warehouse.Publication {
	b.t.Helper()
	p.Tables = slices.Clone(p.Tables)
	for i := range p.Tables {
		p.Tables[i].Content = fmt.Sprint(closing)
	}
	b.stage(p, "stock_daily", fmt.Sprintf("values (20241004, now(), 1, 0, 0, 0, %[1]d, 0), (20241005, now(), 1, 0, 0, 0, %[1]d, 0)", closing))
	b.stage(p, "vendor", fmt.Sprintf("values (1, 'same', 'PT', timestamptz '2025-01-01', true), (%[1]d, 'own', 'PT', timestamptz '2025-01-01', true)", closing))
	for _, table := range p.Tables {
		b.reconcile(p, table)
	}
	return p
}

func (b *bench) reconcile(p warehouse.Publication, table warehouse.PublishedTable) {
	b.t.Helper()
	columns := []string{"opening", "closing"}
	staged, err := b.Staged(b.t.Context(), table.Name, p.RunID, p.Execution, columns, table.Facts)
	if err == nil {
		err = b.Reconciled(b.t.Context(), table.Name, p.RunID, p.Execution, staged)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) stage(p warehouse.Publication, table, rows string) {
	b.t.Helper()
	name, err := b.OpenStaging(b.t.Context(), warehousedb.OpenStagingParams{TableName: table, RunID: p.RunID, Execution: int32(p.Execution)})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Pool.Exec(b.t.Context(), "insert into staging."+name+" "+rows); err != nil {
		b.t.Fatal(err)
	}
}

func TestNewerSnapshotWinsWhicheverPublishesFirst(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		b := setup(t)
		publications := []warehouse.Publication{
			b.publication("10:20:15,17", "", 5),
			b.publication("10:20:17", "", 6), // 15 has ended since: newer, though xmax is the same
		}
		for _, i := range order {
			b.publish(publications[i])
		}
		b.want("select string_agg(distinct closing::text, ',') from warehouse.stock_daily", "6")
		b.want("select string_agg(vendor_id::text, ',' order by vendor_id) from warehouse.vendor", "1,6")
	}
}

func TestWholeTableChangesOnlyRowsThatDiffer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(b.publication("10:20:", "", 5))
	var before string
	const version = "select xmin::text from warehouse.vendor where vendor_id = 1"
	if err := b.Pool.QueryRow(t.Context(), version).Scan(&before); err != nil {
		t.Fatal(err)
	}
	b.publish(b.publication("10:30:", "10:20:", 6))
	b.want(version, before)
	b.want("select string_agg(vendor_id::text, ',' order by vendor_id) from warehouse.vendor", "1,6")
}

// A table that Postgres knows to be empty is planned for as empty, also by a statement that fills it.
func TestEmptyTableIsFilledWithoutReadingItForEveryRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := warehouse.Publication{RunID: uuid.Must(uuid.NewV7()), Execution: 1}
	b.stage(p, "vendor", "select n, 'one', 'PT', timestamptz '2025-01-01', true from generate_series(1, 10000) as n")
	b.exec("vacuum analyze warehouse.vendor")
	connection := b.connect()
	var changed, standing, strange, blocks int
	if err := connection.QueryRow(t.Context(), `
		select changed, standing, strange
		from warehouse.place_whole('vendor', ('staging.' || staging.name_of('vendor', $1, 1))::regclass, true)`, p.RunID).
		Scan(&changed, &standing, &strange); err != nil {
		t.Fatal(err)
	}
	if changed != 10_000 || standing != 10_000 || strange != 0 {
		t.Errorf("%d rows changed, %d stand, %d are strange", changed, standing, strange)
	}
	if _, err := connection.Exec(t.Context(), "select pg_stat_force_next_flush()"); err != nil {
		t.Fatal(err)
	}
	if err := connection.QueryRow(t.Context(),
		"select heap_blks_hit + heap_blks_read from pg_statio_user_tables where relid = 'warehouse.vendor'::regclass").Scan(&blocks); err != nil {
		t.Fatal(err)
	}
	if blocks > 5*changed {
		t.Errorf("%d pages were read to write %d rows", blocks, changed)
	}
}

func TestAnotherDatabaseSystemBeginsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(b.publication("10:2000:", "", 5))
	restored := b.publication("10:20:", "", 6)
	restored.Mark.SystemID++
	b.publish(restored)
	b.want("select string_agg(distinct closing::text, ',') from warehouse.stock_daily", "6")
	b.want("select snapshot from warehouse.mark", "10:20:")

	// A run that had read the old one comes late, or is replayed.
	_, err := b.Publish(t.Context(), b.publication("10:3000:", "10:2000:", 7))
	var refused *warehouse.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "restored since") {
		t.Errorf("what the old system has was published: %v", err)
	}
	b.want("select string_agg(distinct closing::text, ',') from warehouse.stock_daily", "6")
	b.want("select snapshot from warehouse.mark", "10:20:")
}

// Every day that is published must be as new as the mark, or a later run would not look for what
// it misses. Each case publishes snapshots in an order and says where the mark must stand then.
func TestMarkIsNeverAheadOfAPublishedDay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		published [][2]string // snapshot and baseline
		mark      string
	}{
		"the first run sets it":                         {[][2]string{{"10:20:", ""}}, "10:20:"},
		"a run that took along what changed moves it":   {[][2]string{{"10:20:", ""}, {"10:30:", "10:20:"}}, "10:30:"},
		"an older run of other days holds it back":      {[][2]string{{"10:30:", ""}, {"10:20:", ""}}, "10:20:"},
		"a newer run of its own days only does not":     {[][2]string{{"10:20:", ""}, {"10:30:", ""}}, "10:20:"},
		"runs at once from one baseline, newer first":   {[][2]string{{"10:20:", ""}, {"10:40:", "10:20:"}, {"10:30:", "10:20:"}}, "10:40:"},
		"a baseline that has been taken back is no use": {[][2]string{{"10:30:", ""}, {"10:20:", ""}, {"10:40:", "10:30:"}}, "10:20:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for i, published := range test.published {
				b.publish(b.publication(published[0], published[1], i+2))
			}
			b.want("select snapshot from warehouse.mark", test.mark)
		})
	}
}

func TestPublishIsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publish(b.publication("10:20:", "", 5))
	broken := b.publication("10:30:", "10:20:", 6)
	broken.Tables = append(broken.Tables, warehouse.PublishedTable{Name: "category"})
	var stale *warehouse.StaleError
	if _, err := b.Publish(t.Context(), broken); !errors.As(err, &stale) || stale.Table != "category" {
		t.Errorf("published a table that neither is staged nor stands: %v", err)
	}
	b.stage(broken, "category", "values (1, 'one', null, 'one', true)")
	if _, err := b.Publish(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "publish category") ||
		!strings.Contains(err.Error(), "has not been reconciled") {
		t.Errorf("published a table that is staged and not reconciled: %v", err)
	}
	b.wantStanding("5")
	b.want("select snapshot from warehouse.mark", "10:20:")
}
