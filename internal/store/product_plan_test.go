package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// generated is a catalogue of 40,000 products: a tree of 1 + 4 + 16 categories, 50 vendors, 200 brands, one in
// ten out of stock, one in twenty withdrawn.
const generated = `
	insert into catalog.vendors (vendor_name, region) select 'Vendor ' || chr(97 + n % 26) || repeat(chr(97 + n / 26), 4), 'PT' from generate_series(1, 50) as n;
	insert into catalog.categories (name, parent_id)
	select 'Category ' || n, case when n > 1 then (n + 2) / 4 end from generate_series(1, 21) as n;
	insert into catalog.products (vendor_id, sku, item_name, category_id, brand, price, cost, is_active)
	select
		1 + n % 50, 'S' || n,
		(array['Lamp','Chair','Table','Kettle','Headphones','Backpack','Laptop','Mug','Bottle','Blanket'])[1 + n % 10]
			|| ' ' || (array['red','blue','green','white','black','golden','silver'])[1 + n % 7] || ' ' || n,
		6 + n * 7 % 16, 'Brand ' || n * 13 % 200, (n * 7919 % 100000)::numeric / 100, 1, n % 20 <> 3
	from generate_series(1, 40000) as n;
	insert into catalog.stock (product_id, on_hand) select id, case when id % 10 = 7 then 0 else 5 end from catalog.products;
	vacuum`

// plan is a node of what auto_explain tells.
type plan struct {
	Node      string  `json:"Node Type"`
	Relation  string  `json:"Relation Name"`
	Rows      float64 `json:"Actual Rows"`
	Filtered  float64 `json:"Rows Removed by Filter"`
	Rechecked float64 `json:"Rows Removed by Index Recheck"`
	Loops     float64 `json:"Actual Loops"`
	Hit       int64   `json:"Shared Hit Blocks"`
	Read      int64   `json:"Shared Read Blocks"`
	Plans     []plan
}

func (p plan) walk(look func(plan)) {
	look(p)
	for _, below := range p.Plans {
		below.walk(look)
	}
}

// explained is a connection whose statements, and those that they call, have their plans told.
type explained struct {
	*pgx.Conn
	told []plan
}

func explaining(t *testing.T, db *store.DB) *explained {
	t.Helper()
	config, err := pgx.ParseConfig(db.Pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	var e explained
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		var told struct{ Plan plan }
		if _, text, found := strings.Cut(notice.Message, "{"); found {
			if err := json.Unmarshal([]byte("{"+text), &told); err == nil {
				e.told = append(e.told, told.Plan)
			}
		}
	}
	if e.Conn, err = pgx.ConnectConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) })
	for _, statement := range []string{
		"load 'auto_explain'", "set auto_explain.log_min_duration = 0", "set auto_explain.log_nested_statements = on",
		"set auto_explain.log_analyze = on", "set auto_explain.log_buffers = on", "set auto_explain.log_level = notice",
		"set auto_explain.log_format = json",
	} {
		if _, err := e.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return &e
}

// cost is how many entries of tables and indexes have been looked at, and how many blocks; whole names the
// tables of some size that were read from one end to the other.
func (e *explained) cost() (entries float64, blocks int64, whole []string) {
	for _, statement := range e.told {
		blocks = max(blocks, statement.Hit+statement.Read) // one statement counts those that it called
		statement.walk(func(node plan) {
			looked := (node.Rows + node.Filtered + node.Rechecked) * node.Loops
			switch node.Node {
			case "Seq Scan":
				if looked > 100 { // an empty table has no better plan
					whole = append(whole, node.Relation)
				}
				entries += looked
			case "Index Scan", "Index Only Scan", "Bitmap Index Scan", "Bitmap Heap Scan":
				entries += looked
			}
		})
	}
	return entries, blocks, whole
}

// TestListsReadNoMoreThanTheirPage has Postgres explain every list of 40,000 products in every order, on its first
// page, its second and one in the middle, with statistics of one sample and another: by an index, and no further than
// a small part of the catalogue, whatever Postgres takes the catalogue to be like.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	t.Parallel()
	db := open(t)
	for statement := range strings.SplitSeq(generated, ";") {
		mustExec(t, db, statement)
	}
	connection := explaining(t, db)
	read := &store.DB{Queries: shopdb.New(connection)}

	one, leaf, root, brand := int64(1), int64(9), int64(1), "Brand 26"
	from, to := money.Amount(10000), money.Amount(10999)
	common, rare := "lamp", "headphones golden"
	lists := map[string]struct {
		filter store.ProductFilter
		// most is how many entries are looked at: of one list about as many as its page needs. A query looks at
		// those that have its words, here 4,000, more than once, and where it is read by newest from the middle on,
		// also at all places behind (ADR 18).
		most float64
	}{
		"all":                 {store.ProductFilter{}, 1500},
		"out of stock":        {store.ProductFilter{IncludeOutOfStock: true}, 1500},
		"everything":          {store.ProductFilter{IncludeOutOfStock: true, IncludeInactive: true}, 1500},
		"vendor":              {store.ProductFilter{VendorID: &one}, 1500},
		"vendor, everything":  {store.ProductFilter{VendorID: &one, IncludeOutOfStock: true, IncludeInactive: true}, 1500},
		"leaf":                {store.ProductFilter{CategoryID: &leaf}, 1500},
		"root":                {store.ProductFilter{CategoryID: &root}, 1500},
		"brand":               {store.ProductFilter{Brand: &brand}, 1500},
		"price":               {store.ProductFilter{PriceFrom: &from, PriceTo: &to}, 1500},
		"price from":          {store.ProductFilter{PriceFrom: &from}, 1500},
		"leaf, brand":         {store.ProductFilter{CategoryID: &leaf, Brand: &brand}, 1500},
		"root, brand":         {store.ProductFilter{CategoryID: &root, Brand: &brand}, 1500},
		"root, vendor":        {store.ProductFilter{CategoryID: &root, VendorID: &one}, 1500},
		"root, price":         {store.ProductFilter{CategoryID: &root, PriceFrom: &from, PriceTo: &to}, 1500},
		"leaf, price":         {store.ProductFilter{CategoryID: &leaf, PriceFrom: &from, PriceTo: &to}, 1500},
		"vendor, leaf":        {store.ProductFilter{VendorID: &one, CategoryID: &leaf}, 1500},
		"vendor, brand":       {store.ProductFilter{VendorID: &one, Brand: &brand}, 1500},
		"brand, price":        {store.ProductFilter{Brand: &brand, PriceFrom: &from, PriceTo: &to}, 1500},
		"query":               {store.ProductFilter{Query: &common}, 20000},
		"rare query":          {store.ProductFilter{Query: &rare}, 20000},
		"query, leaf":         {store.ProductFilter{Query: &common, CategoryID: &leaf}, 20000},
		"query, root":         {store.ProductFilter{Query: &common, CategoryID: &root}, 20000},
		"query, brand, price": {store.ProductFilter{Query: &common, Brand: &brand, PriceFrom: &from}, 20000},
	}
	for sample, target := range []int{100, 10} {
		mustExec(t, db, fmt.Sprintf("set default_statistics_target = %d; analyze", target))
		for name, list := range lists {
			for _, order := range []store.ProductOrder{
				store.Newest, store.Oldest, store.Cheapest, store.Dearest, store.ByName, store.NameDown, store.Relevance,
			} {
				if order == store.Relevance && list.filter.Query == nil {
					continue
				}
				var after *store.ProductKey
				for _, page := range []string{"first", "second", "middle"} {
					if page == "middle" {
						if order == store.Relevance {
							break // there are no more than a thousand
						}
						after = &store.ProductKey{Order: order, ID: 20_000, Price: 10_500, Name: "Kettle"}
					}
					// The first call of a statement also reads the system catalogues to plan what it calls; the second
					// reads only its own tables, whichever filter happens to come first.
					if _, err := read.Products(t.Context(), list.filter, order, after, 21); err != nil {
						t.Fatal(err)
					}
					connection.told = nil
					rows, err := read.Products(t.Context(), list.filter, order, after, 21)
					if err != nil {
						t.Fatal(err)
					}
					entries, blocks, whole := connection.cost()
					if len(connection.told) == 0 || len(whole) > 0 || entries < float64(len(rows)) || entries > list.most {
						t.Errorf("%s by %s, the %s page: looks at %.0f entries in %d blocks, and at all of %v", name, order, page, entries, blocks, whole)
					}
					t.Logf("sample %d: %s by %s, the %s page: %d rows, %.0f entries, %d blocks", sample, name, order, page, len(rows), entries, blocks)
					if len(rows) == 0 {
						continue
					}
					last := rows[len(rows)-1]
					after = &store.ProductKey{Order: order, ID: last.ID, Price: last.Price, Name: last.ItemName, Score: last.Score}
				}
			}
		}
	}
}

// TestIndexOfProductsFollowsTheCatalogue compares the index with what it is made of after many changes at once.
func TestIndexOfProductsFollowsTheCatalogue(t *testing.T) {
	t.Parallel()
	db := open(t)
	mustExec(t, db, "insert into catalog.vendors (vendor_name, region) values ('A', 'PT'), ('B', 'PT')")
	mustExec(t, db, "insert into catalog.categories (name) values ('A'), ('B')")
	mustExec(t, db, `insert into catalog.products (vendor_id, item_name, category_id, price, cost)
		select 1, 'Product ' || n, 1, 1, 1 from generate_series(1, 10) as n`)
	mustExec(t, db, "insert into catalog.stock (product_id, on_hand) select id, id % 2 from catalog.products")
	failures := make(chan error)
	for writer := range 8 {
		go func() {
			for i := range 100 {
				product := 1 + (i*7+writer)%10
				statements := []string{
					"update catalog.stock set on_hand = 1 - on_hand where product_id = $1",
					"update catalog.products set is_active = not is_active where id = $1",
					"update catalog.products set price = price + 1, brand = brand || 'x', category_id = 3 - category_id where id = $1",
				}
				if _, err := db.Pool.Exec(context.WithoutCancel(t.Context()), statements[(i+writer)%3], product); err != nil {
					failures <- fmt.Errorf("writer %d: %w", writer, err)
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
	var differ int
	err := db.Pool.QueryRow(t.Context(), `
		select count(*)
		from catalog.products as p
		inner join catalog.stock as s on s.product_id = p.id
		full join catalog.product_index as i on i.product_id = p.id
		where (p.vendor_id, p.category_id, p.brand, p.model, p.item_name, p.price, p.is_active, s.on_hand > 0)
			is distinct from (i.vendor_id, i.category_id, i.brand, i.model, i.item_name, i.price, i.is_active, i.stocked)`).Scan(&differ)
	if err != nil || differ != 0 {
		t.Errorf("%d products are not as their index says, %v", differ, err)
	}
}

func mustExec(t *testing.T, db *store.DB, sql string) {
	t.Helper()
	if _, err := db.Pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
