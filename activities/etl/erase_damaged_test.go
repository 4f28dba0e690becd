package etl_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"mercado/activities/etl"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/workflows"
)

// TestErasureGoesOnWithoutWhatIsDamaged erases a customer while objects that stand in the warehouse, which has a database
// of its own, are missing and damaged. Nothing of her is left there, loads go on, and once what was named is mended an
// erasure finds nothing, although she has registered again.
func TestErasureGoesOnWithoutWhatIsDamaged(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	world.SeparateWarehouse(t)
	p := setupIn(t, world)
	p.exec("select fixture.catalog()")
	p.exec("select fixture.place('2026-03-01', 5), fixture.place('2026-03-02', 5)")
	p.exec(`update identity.customers set first_name = 'Zyxomira', last_name = 'Quandlehurst', email = 'Zyx@FlumpMail.example', city = 'Wobblethorpe' where id = 8`)
	p.workProcess()
	first, _ := p.load("2026-03-01", "2026-03-02")
	p.exec("update identity.customers set city = 'Wobblethorpe Upper', updated_at = now() where id = 8")
	last, _ := p.load("2026-03-02", "2026-03-03")
	p.wantIn(p.Warehouse.Pool, "select count(*) from warehouse.customer_history where customer_id = 8", "2")

	objects := p.objects()
	manifest, missing := p.manifest(first, lake.Raw, "customers"), p.manifest(last, lake.Gold, "customer").Parts[0].Key
	damaged, saved := p.manifest(last, lake.Gold, "customer_history").Parts[0].Key, objects.get(lake.Raw, manifest.ManifestKey())
	objects.remove(lake.Gold, missing)
	objects.put(lake.Gold, damaged, []byte("this is no Parquet at all"))
	objects.put(lake.Raw, manifest.ManifestKey(), saved[:len(saved)/2])
	p.execIn(p.Warehouse.Pool, "create table public.note as select 'write to zyx@flumpmail.example'::text as said")

	_, stderr, code := p.ran("erase", "--customer", "8")
	for _, said := range []string{missing, damaged, manifest.ManifestKey(), "warehouse public.note.said", "etl replay " + last.ID.String() + " --from gold --recompute"} {
		if code != 1 || !strings.Contains(stderr, said) {
			t.Errorf("with damaged objects the erasure ends with code %d and does not name %s: %s", code, said, stderr)
		}
	}
	p.keep("etl_erase_incomplete", workflows.EraseID(p.queue(), zyx))
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")
	p.want("select looked_for is not null and ended_at is not null from etl.erasures", "true")
	const inWarehouse = `select jsonb_build_array(
		(select jsonb_agg(c order by customer_id) from warehouse.customer as c),
		(select jsonb_agg(h order by customer_id, valid_from) from warehouse.customer_history as h),
		(select count(*) from warehouse.customer_history where customer_id = 8))`
	without := p.textIn(p.Warehouse.Pool, inWarehouse)
	p.wantIn(p.Warehouse.Pool, "select array[first_name, last_name, city, country] from warehouse.customer where customer_id = 8", "{E.,C.,NULL,PT}")
	p.wantIn(p.Warehouse.Pool, "select count(*) from warehouse.customer_history where first_name = 'E.' and valid_to is null and city is null and email = "+
		"(select email from warehouse.customer where customer_id = 8)", "1")

	// What was named is mended.
	p.execIn(p.Warehouse.Pool, "drop table public.note")
	objects.remove(lake.Gold, damaged)
	objects.put(lake.Raw, manifest.ManifestKey(), saved)
	if _, err := p.replay(last, etl.Gold); err != nil {
		t.Fatal(err)
	}
	p.wantIn(p.Warehouse.Pool, "select array_agg(execution) from warehouse.versions where table_name in ('customer', 'customer_history')", "{2,2}")
	if with := p.textIn(p.Warehouse.Pool, inWarehouse); with != without {
		t.Errorf("erased without what stood in gold the warehouse had\n%s\nand as gold has it\n%s", without, with)
	}
	gone := p.manifest(last, lake.Raw, "customers").Parts[0].Key
	saved = objects.get(lake.Raw, gone)
	objects.remove(lake.Raw, gone)
	p.registered("ZYX@flumpmail.example")
	stdout, stderr, code := p.ran("erase", "--customer", "8")
	for _, key := range []string{gone, missing} {
		if !strings.Contains(stdout, key+" is missing: once it is restored, erase again") {
			t.Errorf("nobody is told that %s may come back: %s", key, stdout)
		}
	}
	if code != 0 || !strings.Contains(stdout, "shop identity.customers.email: the e-mail is in 1 rows, which may be somebody else's") {
		t.Errorf("once all is mended the erasure ends with code %d: %s%s", code, stdout, stderr)
	}
	p.want("select looked_for is null from etl.erasures", "true")
	p.want("select (select count(*) from etl.erased_parts) + (select count(*) from etl.erased_contents)", "0")
	part := p.manifest(first, lake.Raw, "customers").Parts[0]
	if now := lake.Digest(objects.get(lake.Raw, part.Key)); part.SHA256 != now {
		t.Errorf("the manifest that was restored says %s of a part that has become %s", part.SHA256, now)
	}
	objects.put(lake.Raw, gone, saved)
	p.exec("delete from identity.users where password_hash = 'hashofzyx'")
	p.exec("delete from identity.customers where first_name = 'Zyxomira'")
	p.exec("analyze identity.customers, identity.users")
	p.nobodyLeft()

	p.resumed(etl.ErasureTable{Zone: lake.Raw, Table: "customers"})
}

// resumed has a table erased as if a try had died after its first part.
func (p *pipeline) resumed(table etl.ErasureTable) {
	p.t.Helper()
	keys, err := p.Store.Keys(p.t.Context(), table.Zone, lake.Folder(table.Table))
	if err != nil {
		p.t.Fatal(err)
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return !strings.HasSuffix(key, ".parquet") })
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	for _, test := range []struct {
		last string
		want int // parts, with 100 that the other try has looked at
	}{{"", len(keys)}, {keys[0], 100 + len(keys) - 1}} {
		environment := suite.NewTestActivityEnvironment()
		environment.RegisterActivity(p.EraseTable)
		if test.last != "" {
			environment.SetHeartbeatDetails(map[string]any{"last": test.last, "done": etl.ErasedTable{Parts: 100}})
		}
		var erased etl.ErasedTable
		encoded, err := environment.ExecuteActivity(p.EraseTable, etl.ErasureTableStep{Request: etl.ErasureRequest{CustomerID: zyx}, Table: table})
		if err == nil {
			err = encoded.Get(&erased)
		}
		if err != nil || len(keys) < 2 || erased.Parts != test.want || erased.Table != table.Table {
			p.t.Errorf("after %q %d of %d parts are looked at, want %d, %v", test.last, erased.Parts, len(keys), test.want, err)
		}
	}
}

func (p *pipeline) execIn(pool *pgxpool.Pool, statement string) {
	p.t.Helper()
	if _, err := pool.Exec(p.t.Context(), statement); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipeline) wantIn(pool *pgxpool.Pool, query, want string) {
	p.t.Helper()
	if got := p.textIn(pool, query); got != want {
		p.t.Errorf("%s\n\tis %s, want %s", query, got, want)
	}
}
