package etl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/workflow/v1"

	"mercado/activities/etl"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/lake"
	"mercado/internal/lake/model"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// Customer 8 of the fixture, and what of hers must be nowhere in the end, in lower case.
const zyx = 8

var ofZyx = []string{
	"zyxomira", "quandlehurst", "secretmail", "999876543", "999 876 543", "wobblethorpe", "snorkelby", "plimsollgate",
	"ringtwiceforzyx", "grumblefroth", "flimsywick", "zonkreason", "brabblewort", "trackzyx", "labelzyx", "keyanswerzyx", "receiptzyx", "hashofzyx",
}

// neighbour is the address of somebody else, which contains her last.
const neighbour = "JoaZyx@FlumpMail.example"

// zyxEverywhere writes customer 8 into every text of the shop that is about her, with orders that are over.
const zyxEverywhere = `
	update identity.customers
	set first_name = 'Zyxomira', last_name = 'Quandlehurst', email = 'Zyxomira@SecretMail.example', phone = '+351 999 876 543',
		birth_date = '1970-01-01', city = 'Wobblethorpe'
	where id = 8;
	insert into identity.users (email, password_hash, customer_id) values ('Zyxomira@SecretMail.example', 'hashofzyx', 8);
	insert into identity.user_roles (user_id, role) select id, 'customer' from identity.users where customer_id = 8;
	insert into identity.refresh_tokens (id, family_id, user_id, token_hash, expires_at)
	select gen_random_uuid(), gen_random_uuid(), id, 'hashofzyx', now() + interval '1 day' from identity.users where customer_id = 8;
	insert into catalog.reviews (product_id, customer_id, rating, title, comment) values (1, 8, 4, 'Grumblefroth', 'from Zyxomira Quandlehurst');
	insert into ordering.carts (id, customer_id) values ('00000000-0000-7000-8000-0000000000c8', 8);
	insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price) values ('00000000-0000-7000-8000-0000000000c8', 1, 2, 3, 3.33);
	select catalog.hold_stock('00000000-0000-7000-8000-0000000000c8', 1, 3, now() + interval '1 hour');
	insert into ordering.orders (
		id, customer_id, channel, order_date, status, payment_method, payment_status, subtotal, total_amount, confirmed_at, shipped_at,
		created_at, updated_at, shipping_address, notes
	)
	select ('00000000-0000-7000-8000-00000000080' || n)::uuid, 8, 'web', at, 'delivered', 'card', 'completed', 6.66, 6.66, at, at, at, at,
		'{"name": "Zyxomira Quandlehurst", "line1": "1 Snorkelby Lane", "city": "Plimsollgate", "country": "PT"}', 'RingTwiceForZyx'
	from (values (1, timestamptz '2026-03-01 09:00+00'), (2, timestamptz '2026-03-02 09:00+00')) as o (n, at);
	insert into ordering.order_items (order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, total_price, committed_qty, created_at, updated_at)
	select id, 1, 1, 2, 2, 3.33, 2.22, 6.66, 2, order_date, order_date from ordering.orders where notes <> '';
	insert into ordering.payments (id, order_id, provider, method, provider_reference, status, amount, authorized_amount, captured_amount, currency, created_at)
	select gen_random_uuid(), id, 'sandbox', 'card', 'pay_' || id, 'completed', 6.66, 6.66, 6.66, 'EUR', order_date from ordering.orders where notes <> '';
	insert into ordering.shipments (id, order_id, vendor_id, status, carrier, tracking_number, label_url, amount, currency, shipped_at, delivered_at, created_at, updated_at)
	select gen_random_uuid(), id, 2, 'delivered', 'sandbox', 'TrackZyx' || id, 'https://labels/LabelZyx', 6.66, 'EUR', order_date, order_date, order_date, order_date
	from ordering.orders where notes <> '';
	insert into ordering.shipment_items (shipment_id, order_item_id, qty)
	select s.id, i.id, i.qty from ordering.shipments as s inner join ordering.order_items as i on i.order_id = s.order_id where s.tracking_number like 'TrackZyx%';
	insert into ordering.refunds (id, order_id, reason, amount, currency, status, completed_at, created_at)
	select gen_random_uuid(), id, 'ZonkReason of Zyxomira', 1.11, 'EUR', 'completed', order_date, order_date from ordering.orders where notes <> '';
	insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
	select r.id, i.id, 1, 1.11 from ordering.refunds as r inner join ordering.order_items as i on i.order_id = r.order_id where r.reason like 'Zonk%';
	insert into ordering.returns (id, order_id, status, reason, requested_by, rejected_because)
	select gen_random_uuid(), id, 'rejected', 'Flimsywick, says Zyxomira', 'customer', 'Flimsywick says Quandlehurst' from ordering.orders where notes <> '';
	insert into ordering.idempotency_keys (scope, key, operation, request_hash, order_id, response_status, response, completed_at)
	select 'customer/8', 'KeyAnswerZyx' || id, 'checkout', '', id, 200, '{"shipping_address": "1 Snorkelby Lane"}', now() from ordering.orders where notes <> '';
	insert into ordering.webhook_receipts (source, event_id, payload, handled_at)
	select 'carrier', 'event' || id, jsonb_build_object('tracking_number', tracking_number, 'signed_by', 'ReceiptZyx'), now()
	from ordering.shipments where tracking_number like 'TrackZyx%';`

// What of the warehouse and the shop an erasure leaves as it is.
var untouched = []string{
	"select jsonb_object_agg(t.name, t.rows) from (%s) as t",
	"select string_agg(c::text, ';' order by id) from identity.customers as c where id <> 8",
	"select string_agg(c::text, ';' order by customer_id) from warehouse.customer as c where customer_id <> 8",
	"select string_agg(c::text, ';' order by customer_id, valid_from) from warehouse.customer_history as c where customer_id <> 8",
	"select jsonb_object_agg(country, n) from (select country, count(*) as n from warehouse.customer group by country) as c",
	"select string_agg(country || joined_at::text, '') from warehouse.customer where customer_id = 8",
	"select array[count(*), sum(total_amount), sum(refunded)] from ordering.orders cross join (select sum(amount) as refunded from ordering.refunds) as r",
	"select string_agg(row(id, xid, updated_at)::text, ';' order by id) from ordering.orders where customer_id = 8",
}

// TestErasedCustomerIsNowhere loads a customer in every way that her data get into the lake, erases her while workers
// are killed, and looks for her in every byte that is stored. Nobody else, and no total, changes.
func TestErasedCustomerIsNowhere(t *testing.T) {
	t.Parallel()
	p := setupWithoutWorker(t)
	objects := p.objects()
	objects.keepVersions()
	p.exec("select fixture.place('2026-03-01', 25), fixture.place('2026-03-02', 25)")
	p.exec("set session_replication_role = replica; update ordering.orders set customer_id = 9 where customer_id = 8; set session_replication_role = origin")
	p.exec(zyxEverywhere)
	p.refundZyx()
	p.exec("alter table identity.customers drop constraint customers_email_check")
	p.exec("update identity.customers set email = $1 where id = 9", neighbour)
	worker := p.workProcess()
	first, _ := p.load("2026-03-01", "2026-03-02")
	adopted, err := p.replayUnchanged(first, etl.Gold)
	if err != nil {
		t.Fatal(err)
	}
	p.exec("update identity.customers set email = 'no address of Zyxomira', updated_at = now() where id = 8")
	quarantined, _ := p.load("2026-03-02", "2026-03-03")
	p.exec("update identity.customers set email = 'Zyx@FlumpMail.example', city = 'Wobblethorpe Upper', updated_at = now() where id = 8")
	last, _ := p.load("2026-03-02", "2026-03-03")
	p.want("select count(*) from warehouse.customer_history where customer_id = 8", "2")
	objects.beginUpload(lake.Raw, p.manifest(last, lake.Raw, "customers").Parts[0].Key)
	objects.beginUpload(lake.Work, p.manifest(first, lake.Work, "customers").Parts[0].Key)
	orphan := p.orphan(lake.Raw, p.manifest(first, lake.Raw, "customers").Parts[0].Key)
	if len(p.manifest(quarantined, lake.Clean, "customers").Quarantine) != 1 {
		t.Fatal("the customer with a broken address is not in quarantine")
	}

	p.refused()
	p.cancelled()
	if found := p.searchEverything(); len(found) < len(ofZyx) {
		t.Fatalf("of %s only %s are found before the erasure: the search looks in the wrong places", ofZyx, slices.Sorted(maps.Keys(found)))
	}
	wanted := model.WantedAddress("zyx@flumpmail.example")
	hits, err := p.Shop.FindText(t.Context(), shopdb.FindTextParams{Wanted: []string{wanted.Text}, Patterns: []string{wanted.Pattern}})
	if err != nil || len(hits) != 1 || hits[0].Place != "identity.customers.email" || hits[0].RowsFound != 1 {
		t.Errorf("her address is found in %+v, %v", hits, err)
	}
	everything := p.contents()
	var before []string
	for _, query := range p.untouched() {
		before = append(before, p.text(query))
	}
	if uploads := len(objects.uploads(lake.Raw)) + len(objects.uploads(lake.Work)); uploads != 2 {
		t.Fatalf("%d uploads are under way, want 2", uploads)
	}
	worker = p.eraseAndKill(worker)

	for i, query := range p.untouched() {
		if after := p.text(query); after != before[i] {
			t.Errorf("%s\n\twas %s\n\tis  %s", query, before[i], after)
		}
	}
	p.nobodyLeft()
	p.othersAsTheyWere(everything)
	p.want("select count(*) from warehouse.customer_history where customer_id = 8", "1")
	p.want("select count(*) from etl.erasures where looked_for is null and ended_at is not null", "1")
	p.want("select count(*) from etl.erased_parts", "0")
	p.want("select count(*) from etl.erased_contents", "0")
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")
	p.want("select count(*) from identity.users where customer_id = 8", "0")
	p.want("select array[count(*), sum(qty)] from catalog.holds", "{0,NULL}")
	p.want("select array[first_name, last_name, email, phone, city, country] from identity.customers where id = 8",
		"{Erased,Customer,erased-8@erased.invalid,NULL,NULL,PT}")
	p.want("select array[first_name, last_name, city, country] from warehouse.customer where customer_id = 8", "{E.,C.,NULL,PT}")
	if left, err := filepath.Glob(filepath.Join(p.world.Home, "scratch", "etl", "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left on disk: %v, %v", left, err)
	}
	if len(objects.get(lake.Raw, orphan)) == 0 {
		t.Error("the part that no manifest names is gone")
	}

	// What was loaded comes out as it is, byte by byte, and changes nothing.
	adopted.Execution++
	if _, err := p.finish(p.start(adopted, etl.Clean)); err != nil {
		t.Fatal(err)
	}
	p.sameAs(first, adopted)
	again, err := p.replay(last, etl.Clean)
	if err != nil {
		t.Fatal(err)
	}
	p.sameAs(last, again)
	p.want("select state from etl.steps where step = 'publish' and run_id = '"+last.ID.String()+"' and execution = 2", etl.Skipped)

	// The next load sees an account that was closed, and nobody.
	p.exec("select fixture.place('2026-03-03', 5)")
	next, _ := p.load("2026-03-03", "2026-03-04")
	p.want("select array_agg(is_active order by valid_from) from warehouse.customer_history where customer_id = 8", "{t,f}")
	p.want("select count(distinct email) from warehouse.customer_history where customer_id = 8", "1")
	if _, err := p.rollback(&next.ID, false); err != nil {
		t.Fatal(err)
	}
	p.want("select array[first_name, last_name, city, country] from warehouse.customer where customer_id = 8", "{E.,C.,NULL,PT}")
	if _, err := p.rollback(nil, false); err != nil {
		t.Fatal(err)
	}
	worker.kill()
	p.unsaid(worker)
	p.nobodyLeft()
	p.workProcess()

	p.nobodyOnDisk()

	p.registered("Zyx@FlumpMail.example")
	anew := "select row(c, u)::text from identity.customers as c inner join identity.users as u on u.customer_id = c.id where c.first_name = 'Zyxomira'"
	registered := p.text(anew)
	stdout, stderr, code := p.ran("erase", "--customer", "8", "--output", "json")
	var erased workflows.Erased
	if err := json.Unmarshal([]byte(stdout), &erased); code != 0 || err != nil || erased.Objects() != 0 || erased.Manifests.Written != 0 || len(erased.Search.Alike) > 0 {
		t.Errorf("erased again: code %d, %s, %s", code, stdout, stderr)
	}
	if now := p.text(anew); now != registered || now == "null" {
		t.Errorf("registered again, the person was\n%s\nand once the old account is erased again is\n%s", registered, now)
	}
	broken := strings.Replace(orphan, ".parquet", "8.parquet", 1)
	objects.put(lake.Raw, broken, objects.get(lake.Raw, orphan))
	objects.put(lake.Raw, broken, []byte("this is no Parquet at all"))
	_, stderr, code = p.ran("erase", "--customer", "8")
	if code != 1 || strings.Count(stderr, broken) != 1 || !strings.Contains(stderr, "cannot be read") {
		t.Errorf("erased with an object that cannot be read: code %d, %s", code, stderr)
	}
	if kept := slices.DeleteFunc(slices.Collect(maps.Keys(p.versions())), func(name string) bool { return !strings.HasSuffix(name, broken) }); len(kept) != 2 {
		t.Errorf("of an object that cannot be read there are the versions %s: what it should be is lost", kept)
	}
	p.want("select count(*) from etl.maintenance where ended_at is null", "0")
}

// refundZyx gives a unit of each order of customer 8 back, as an operator does who writes why. What that has written
// down counts for the day of the order, so that it is loaded.
func (p *pipeline) refundZyx() {
	p.t.Helper()
	rows, err := p.Shop.Pool.Query(p.t.Context(), "select id from ordering.orders where customer_id = 8 order by id")
	if err != nil {
		p.t.Fatal(err)
	}
	orders, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(orders) != 2 {
		p.t.Fatalf("customer 8 has %d orders, %v", len(orders), err)
	}
	for _, order := range orders {
		refund := uuid.New()
		if _, _, err := p.Shop.RequestRefund(p.t.Context(), store.AskRefund{
			Request: store.Request{Scope: "user/1", Key: refund.String(), Operation: "refund", Hash: []byte{1}}, ID: refund, OrderID: order,
			Items: []store.Units{{ItemID: 1, Qty: 1}}, Restock: true, Reason: "Brabblewort, as Zyxomira Quandlehurst told us", By: "admin",
		}, http.StatusCreated); err != nil {
			p.t.Fatal(err)
		}
		p.exec("select ordering.complete_refund($1)", refund)
	}
	p.exec(`
		set session_replication_role = replica;
		update catalog.stock_ledger as l set occurred_at = o.order_date, recorded_at = o.order_date
		from ordering.orders as o where l.kind = 'return' and l.reference_id = o.id::text and o.customer_id = 8;
		update ordering.refunds as r set created_at = o.order_date, completed_at = o.order_date
		from ordering.orders as o where r.order_id = o.id and o.customer_id = 8;
		set session_replication_role = origin`)
	p.want("select count(*) from catalog.stock_ledger as l inner join ordering.orders as o on l.reference_id = o.id::text where l.kind = 'return' and l.occurred_at = o.order_date", "2")
}

// orphan copies a part to where a try would have written it that died, and returns its key.
func (p *pipeline) orphan(zone lake.Zone, key string) string {
	objects := p.objects()
	left := strings.Replace(key, ".parquet", "7.parquet", 1)
	objects.put(zone, left, objects.get(zone, key))
	return left
}

func (p *pipeline) untouched() []string {
	var counts []string
	for _, m := range p.Models.Zone(lake.Gold) {
		digest := "md5(string_agg(t::text, ';' order by t::text))"
		switch m.Name {
		case "customer":
			digest = "count(*)::text"
		case "customer_history": // versions that differed only in what is erased have become one
			continue
		}
		counts = append(counts, fmt.Sprintf("select '%[1]s' as name, %[2]s as rows from warehouse.%[1]s as t", m.Name, digest))
	}
	queries := slices.Clone(untouched)
	queries[0] = fmt.Sprintf(queries[0], strings.Join(counts, " union all "))
	return queries
}

// registered is a person who registers once the account of customer 8 is erased, with this e-mail address.
func (p *pipeline) registered(email string) {
	p.t.Helper()
	p.exec("insert into identity.customers (first_name, last_name, email, city, country) values ('Zyxomira', 'Quandlehurst', $1, 'Wobblethorpe', 'PT')", email)
	p.exec("insert into identity.users (email, password_hash, customer_id) select email, 'hashofzyx', id from identity.customers where first_name = 'Zyxomira'")
}

// eraseAndKill erases customer 8, kills the worker when the shop has forgotten her and nobody knows, in the middle of the
// parts and in the middle of the manifests, and returns the one that has finished it. It is cancelled in vain, and goes on
// where a worker had too little memory.
func (p *pipeline) eraseAndKill(worker *process) *process {
	p.t.Helper()
	p.exec(`
		create function fixture.wait_there() returns trigger language plpgsql as $$
		begin
			perform pg_advisory_xact_lock_shared(tg_argv[0]::bigint);
			return new;
		end $$;
		create trigger wait_there before insert on etl.erased_parts for each row
		when (new.zone = 'gold') execute function fixture.wait_there('4711');
		create trigger wait_there before insert on etl.erased_contents for each row
		when (new.table_name = 'customer_history') execute function fixture.wait_there('4712')`)
	holder, err := pgx.Connect(p.t.Context(), p.world.Database.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = holder.Close(p.t.Context()) }()
	if _, err := holder.Exec(p.t.Context(), "select pg_advisory_lock(4711), pg_advisory_lock(4712); begin; lock table identity.customers in share update exclusive mode"); err != nil {
		p.t.Fatal(err)
	}
	started, err := workflows.StartErase(p.t.Context(), p.temporal, p.queue(), workflows.EraseInput{CustomerID: zyx, Tries: tries})
	if err != nil {
		p.t.Fatal(err)
	}
	p.eventually("the shop has forgotten her, and renews its statistics", func() bool {
		return p.text(`select count(*) > 0 from pg_locks where relation = 'identity.customers'::regclass and not granted and mode = 'ShareUpdateExclusiveLock'`) == "true"
	})
	p.want("select email from identity.customers where id = 8", "erased-8@erased.invalid")
	if err := p.temporal.CancelWorkflow(p.t.Context(), started.GetID(), started.GetRunID()); err != nil {
		p.t.Fatal(err)
	}
	worker.kill()
	p.unsaid(worker)
	if _, err := holder.Exec(p.t.Context(), "commit"); err != nil {
		p.t.Fatal(err)
	}
	starved := p.workCommand(exec.CommandContext(context.WithoutCancel(p.t.Context()), "env", "MERCADO_LAKE_MEMORY=1MiB", stacktest.Binary(p.t), "worker"))
	p.eventually("a part does not fit into the memory of the worker", func() bool {
		return slices.ContainsFunc(p.underWay(started), func(a *workflow.PendingActivityInfo) bool {
			return a.GetActivityType().GetName() == "EraseTable" && strings.Contains(a.GetLastFailure().GetMessage(), "1MiB is not enough for it: raise MERCADO_LAKE_MEMORY")
		})
	})
	starved.kill()
	p.unsaid(starved)
	worker = p.workProcess()
	for _, lock := range []string{"4711", "4712"} {
		p.eventually("the erasure waits for lock "+lock, func() bool {
			return p.text("select count(*) > 0 from pg_locks where locktype = 'advisory' and not granted and objid = "+lock+
				" and database = (select oid from pg_database where datname = current_database())") == "true"
		})
		p.want("select looked_for->>'email' from etl.erasures", "zyx@flumpmail.example")
		worker.kill()
		p.unsaid(worker)
		if _, err := holder.Exec(p.t.Context(), "select pg_advisory_unlock("+lock+")"); err != nil {
			p.t.Fatal(err)
		}
		worker = p.workProcess()
	}
	var erased workflows.Erased
	if err := started.Get(p.t.Context(), &erased); err != nil {
		p.t.Fatal(err)
	}
	if len(erased.Search.Remains)+len(erased.Search.Alike) > 0 || erased.Objects() < 20 || erased.Manifests.Written == 0 {
		p.t.Errorf("erased %+v, found %+v", erased, erased.Search)
	}
	p.keep("etl_erase", started.GetID())
	return worker
}

// sameAs compares what two executions of a run have made of every table.
func (p *pipeline) sameAs(a, b etl.Run) {
	p.t.Helper()
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, m := range p.Models.Zone(zone) {
			one, other := p.manifest(a, zone, m.Name), p.manifest(b, zone, m.Name)
			if one.ContentDigest() != other.ContentDigest() || lake.PartsDigest(quarantineOf(one)) != lake.PartsDigest(quarantineOf(other)) {
				p.t.Errorf("execution %d made other bytes of %s than execution %d", b.Execution, m.Table, a.Execution)
			}
		}
	}
}

func quarantineOf(manifest *lake.Manifest) (parts []lake.HistoryPart) {
	for _, part := range manifest.Quarantine {
		parts = append(parts, lake.HistoryPart{Part: part})
	}
	return parts
}
