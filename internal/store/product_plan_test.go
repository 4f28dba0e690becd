package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/money"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
)

// generated is a catalogue of 25,000 products: a tree of 1 + 4 + 16 categories, 50 vendors, 200 brands, one in
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
	from generate_series(1, 25000) as n;
	insert into catalog.stock (product_id, on_hand) select id, case when id % 10 = 7 then 0 else 5 end from catalog.products;
	vacuum analyze`

// plan is a node of what auto_explain tells.
type plan struct {
	Node     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Hit      int64   `json:"Shared Hit Blocks"`
	Read     int64   `json:"Shared Read Blocks"`
	Plans    []plan
}

func (p plan) walk(look func(plan)) {
	look(p)
	for _, below := range p.Plans {
		below.walk(look)
	}
}

// TestListsReadNoMoreThanTheirPage has Postgres explain every list on 25,000 products: by an index, in order, and
// no further than the page.
func TestListsReadNoMoreThanTheirPage(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, statement := range splitStatements(generated) {
		mustExec(t, db, statement)
	}
	config, err := pgx.ParseConfig(db.Pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	var told []plan
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		var explained struct{ Plan plan }
		if _, text, found := cutNotice(notice.Message); found {
			if err := json.Unmarshal([]byte(text), &explained); err == nil {
				told = append(told, explained.Plan)
			}
		}
	}
	connection, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.WithoutCancel(t.Context())) }()
	for _, statement := range []string{
		"load 'auto_explain'", "set auto_explain.log_min_duration = 0", "set auto_explain.log_nested_statements = on",
		"set auto_explain.log_analyze = on", "set auto_explain.log_buffers = on", "set auto_explain.log_level = notice",
		"set auto_explain.log_format = json", "set jit = off",
	} {
		if _, err := connection.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	read := &store.DB{Queries: shopdb.New(connection)}

	one, leaf, root, brand := int64(1), int64(9), int64(1), "Brand 26"
	from, to := money.Amount(10000), money.Amount(10999)
	common, rare := "lamp", "headphones golden"
	filters := map[string]store.ProductFilter{
		"all":                 {},
		"out of stock":        {IncludeOutOfStock: true},
		"everything":          {IncludeOutOfStock: true, IncludeInactive: true},
		"vendor":              {VendorID: &one},
		"vendor, everything":  {VendorID: &one, IncludeOutOfStock: true, IncludeInactive: true},
		"leaf":                {CategoryID: &leaf},
		"root":                {CategoryID: &root},
		"brand":               {Brand: &brand},
		"price":               {PriceFrom: &from, PriceTo: &to},
		"price from":          {PriceFrom: &from},
		"leaf, brand":         {CategoryID: &leaf, Brand: &brand},
		"root, brand":         {CategoryID: &root, Brand: &brand},
		"leaf, price":         {CategoryID: &leaf, PriceFrom: &from, PriceTo: &to},
		"vendor, leaf":        {VendorID: &one, CategoryID: &leaf},
		"vendor, brand":       {VendorID: &one, Brand: &brand},
		"brand, price":        {Brand: &brand, PriceFrom: &from, PriceTo: &to},
		"query":               {Query: &common},
		"rare query":          {Query: &rare},
		"query, leaf":         {Query: &common, CategoryID: &leaf},
		"query, brand, price": {Query: &common, Brand: &brand, PriceFrom: &from},
	}
	for name, filter := range filters {
		for _, order := range []store.ProductOrder{
			store.Newest, store.Oldest, store.Cheapest, store.Dearest, store.ByName, store.NameDown, store.Relevance,
		} {
			if order == store.Relevance && filter.Query == nil {
				continue
			}
			var after *store.ProductKey
			for page := range 2 {
				// The first call of a statement also reads the system catalogues to plan what it calls; the second
				// reads only its own tables, whichever filter happens to come first.
				if _, err := read.Products(t.Context(), filter, order, after, 21); err != nil {
					t.Fatal(err)
				}
				told = nil
				rows, err := read.Products(t.Context(), filter, order, after, 21)
				if err != nil {
					t.Fatal(err)
				}
				if len(rows) == 0 || len(told) == 0 {
					if page == 0 && len(told) == 0 {
						t.Fatalf("%s by %s: nothing was explained", name, order)
					}
					break
				}
				// The last statement is the whole; those before are what it called.
				var blocks int64
				for _, statement := range told {
					blocks = max(blocks, statement.Hit+statement.Read)
					statement.walk(func(node plan) {
						if node.Node == "Seq Scan" && slices.Contains([]string{"product_index", "products", "stock", "holds", "words", "spellings"}, node.Relation) && node.Rows*node.Loops > 100 {
							t.Errorf("%s by %s reads all of %s", name, order, node.Relation)
						}
					})
				}
				most := int64(1500) // of 8 KiB; the catalogue has some 5,000
				if filter.Query != nil {
					most = 4500 // ranks a thousand, or passes over those without the word
				}
				if blocks > most {
					t.Errorf("%s by %s, page %d: %d blocks are looked at", name, order, page, blocks)
				}
				t.Logf("%s by %s, page %d: %d rows, %d blocks", name, order, page, len(rows), blocks)
				last := rows[len(rows)-1]
				after = &store.ProductKey{Order: order, ID: last.ID, Price: last.Price, Name: last.ItemName, Score: last.Score}
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

// cutNotice splits "duration: 0.1 ms  plan: {…}".
func cutNotice(message string) (before, text string, found bool) {
	for i := range message {
		if message[i] == '{' {
			return message[:i], message[i:], true
		}
	}
	return message, "", false
}

func splitStatements(script string) []string {
	var statements []string
	start := 0
	for i := range script {
		if script[i] == ';' {
			statements = append(statements, script[start:i])
			start = i + 1
		}
	}
	return append(statements, script[start:])
}
