package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// movements are 200,000 entries of one product's ledger in 500 days, every tenth written long after it counts,
// and a few of another product.
const movements = `
	insert into catalog.vendors (vendor_name, region) values ('A', 'PT');
	insert into catalog.categories (name) values ('A');
	insert into catalog.products (vendor_id, item_name, category_id, price, cost) values (1, 'A', 1, 1, 1), (1, 'B', 1, 1, 1);
	insert into catalog.stock (product_id) values (1), (2);
	insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at)
	select
		case when n % 1000 = 7 then 2 else 1 end, kind, on_hand, reserved, 'inventory',
		timestamptz '2025-01-01 00:00Z' + (n - case when n % 10 = 0 then n % 1009 * 30 else 0 end) * interval '216 seconds'
	from generate_series(0, 199999) as n
	cross join lateral (values
		(0, 'restock', 7, 0), (1, 'reserve', 0, 2), (2, 'commit', -2, -2), (3, 'adjustment', -1, 0)
	) as entry (which, kind, on_hand, reserved)
	where which = n % 4;
	vacuum analyze`

// TestStockOfATimeIsReadFromDays compares the stock as of many times, and its series, with sums of the whole
// ledger, and has Postgres explain that it has not read the ledger for it.
func TestStockOfATimeIsReadFromDays(t *testing.T) {
	t.Parallel()
	db := open(t)
	for statement := range strings.SplitSeq(movements, ";") {
		mustExec(t, db, statement)
	}
	connection := explaining(t, db)
	read := &store.DB{Queries: shopdb.New(connection)}
	const most = 2500 // 500 days, and the 400 entries of one
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 40 {
		at := begin.Add(time.Duration(i*i)*7*time.Hour + time.Duration(i%3)*time.Nanosecond*1000)
		connection.told = nil
		got, err := read.StockAsOf(t.Context(), shopdb.StockAsOfParams{ProductID: 1, At: at})
		if err != nil {
			t.Fatal(err)
		}
		if entries, _, _ := connection.cost(); entries > most {
			t.Errorf("the stock as of %s is read from %.0f entries", at, entries)
		}
		var onHand, reserved int64
		if err := db.Pool.QueryRow(t.Context(), `
			select coalesce(sum(on_hand_delta), 0)::bigint, coalesce(sum(reserved_delta), 0)::bigint
			from catalog.stock_ledger where product_id = 1 and occurred_at <= $1`, at).Scan(&onHand, &reserved); err != nil {
			t.Fatal(err)
		}
		if got.OnHand != onHand || got.Reserved != reserved {
			t.Errorf("as of %s: %+v, want %d and %d", at, got, onHand, reserved)
		}
	}
	for _, hours := range []int32{1, 24} {
		asked := shopdb.StockSeriesParams{
			ProductID: 1, BucketHours: hours, FromTime: begin.AddDate(0, 0, 100), ToTime: begin.AddDate(0, 0, 100).Add(30*time.Duration(hours)*time.Hour - time.Minute),
		}
		connection.told = nil
		series, err := read.StockSeries(t.Context(), asked)
		if err != nil || len(series) != 30 {
			t.Fatalf("%d buckets, %v", len(series), err)
		}
		if entries, _, _ := connection.cost(); entries > most {
			t.Errorf("a series by %d hours is read from %.0f entries", hours, entries)
		}
		for i, bucket := range series {
			end := bucket.Bucket.Add(time.Duration(hours) * time.Hour)
			if i == len(series)-1 {
				end = asked.ToTime
			}
			var opening, in, out, reserved int64
			if err := db.Pool.QueryRow(t.Context(), `
				select
					coalesce(sum(on_hand_delta) filter (where occurred_at < $1), 0)::bigint,
					coalesce(sum(greatest(on_hand_delta, 0)) filter (where occurred_at >= $1), 0)::bigint,
					coalesce(sum(greatest(-on_hand_delta, 0)) filter (where occurred_at >= $1), 0)::bigint,
					coalesce(sum(reserved_delta), 0)::bigint
				from catalog.stock_ledger where product_id = 1 and occurred_at < $2`, bucket.Bucket, end).Scan(&opening, &in, &out, &reserved); err != nil {
				t.Fatal(err)
			}
			if bucket.Opening != opening || bucket.UnitsIn != in || bucket.UnitsOut != out || bucket.Closing != opening+in-out || bucket.Reserved != reserved {
				t.Errorf("%d hours from %s: %+v, want opening %d, in %d, out %d, reserved %d", hours, bucket.Bucket, bucket, opening, in, out, reserved)
			}
		}
	}
}

// TestDaysFollowTheLedger moves stock of few products from many sides at once.
func TestDaysFollowTheLedger(t *testing.T) {
	t.Parallel()
	db := open(t)
	mustExec(t, db, "insert into catalog.vendors (vendor_name, region) values ('A', 'PT')")
	mustExec(t, db, "insert into catalog.categories (name) values ('A')")
	mustExec(t, db, "insert into catalog.products (vendor_id, item_name, category_id, price, cost) select 1, 'P' || n, 1, 1, 1 from generate_series(1, 3) as n")
	mustExec(t, db, "insert into catalog.stock (product_id) select id from catalog.products")
	failures := make(chan error)
	for writer := range int64(8) {
		go func() {
			for i := range int64(50) {
				_, err := db.MoveStock(context.WithoutCancel(t.Context()), shopdb.MoveInventoryParams{
					Kind: "restock", ProductID: 1 + (writer+i)%3, Delta: 1 + i%5, Reference: "", Reason: "restock",
				})
				if err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range 8 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	var differ, days int
	err := db.Pool.QueryRow(t.Context(), `
		select count(*) filter (where (l.units, l.reserved) is distinct from (d.units_in - d.units_out, d.reserved_delta)), count(d.product_id)
		from (
			select product_id, (occurred_at at time zone 'utc')::date as day, sum(on_hand_delta) as units, sum(reserved_delta) as reserved
			from catalog.stock_ledger group by 1, 2
		) as l
		full join catalog.stock_days as d on (d.product_id, d.day) = (l.product_id, l.day)`).Scan(&differ, &days)
	if err != nil || differ != 0 || days < 3 {
		t.Errorf("%d of %d days are not as the ledger says, %v", differ, days, err)
	}
}
