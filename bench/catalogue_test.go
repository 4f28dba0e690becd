package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// newShop is a shop without processes.
func newShop(t *testing.T) *shop {
	t.Helper()
	db, err := store.Open(t.Context(), stacktest.New(t).Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &shop{db: db}
}

func (p *shop) texts(t *testing.T, statement string) []string {
	t.Helper()
	rows, err := p.db.Pool.Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestCatalogueIsAsTheShopMakesIt fills a catalogue in the quick way and compares it with one that was
// filled product by product: what lists and searches look at, the words that are known, the ledger, and
// the indexes.
func TestCatalogueIsAsTheShopMakesIt(t *testing.T) {
	t.Parallel()
	const count = 300
	quick, slow := newShop(t), newShop(t)
	if err := quick.addProducts(t.Context(), count, t.Logf); err != nil {
		t.Fatal(err)
	}
	if _, err := slow.db.Pool.Exec(t.Context(), newShelves, roots, branches, leaves); err != nil {
		t.Fatal(err)
	}
	for _, vendor := range quick.texts(t, "select vendor_name from catalog.vendors order by id") {
		if _, err := slow.db.Pool.Exec(t.Context(), "insert into catalog.vendors (vendor_name, region) values ($1, 'PT')", vendor); err != nil {
			t.Fatal(err)
		}
	}
	for _, product := range quick.texts(t, "select to_jsonb(products)::text from catalog.products order by id") {
		_, err := slow.db.Pool.Exec(t.Context(), `
			with product as (
				insert into catalog.products select * from jsonb_populate_record(null::catalog.products, $1::jsonb) returning id
			)
			insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reason, reference_type)
			select id, 'initial', 100, 0, 'initial', 'inventory' from product where id % 19 <> 0`, product)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := slow.db.Pool.Exec(t.Context(), `
		insert into catalog.stock (product_id, on_hand)
		select products.id, coalesce(sum(on_hand_delta), 0) from catalog.products left join catalog.stock_ledger on product_id = products.id group by 1`); err != nil {
		t.Fatal(err)
	}
	for what, statement := range map[string]string{
		"index of products": "select to_jsonb(product_index)::text from catalog.product_index order by product_id",
		"words":             "select word from catalog.words order by word",
		"lexemes":           "select lexeme from catalog.lexemes order by lexeme",
		"spellings":         "select spelling || ' ' || word from catalog.spellings order by 1",
		"stock":             "select product_id || ' ' || on_hand || ' ' || reserved from catalog.stock order by product_id",
		"ledger":            "select product_id || kind || on_hand_delta from catalog.stock_ledger order by product_id",
		"indexes":           "select pg_get_indexdef(indexrelid) from pg_index join pg_class on oid = indrelid where relnamespace = 'catalog'::regnamespace order by 1",
	} {
		got, want := quick.texts(t, statement), slow.texts(t, statement)
		if len(want) == 0 {
			t.Errorf("%s: there are none", what)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d, want %d, the first of them\n%s\n%s", what, len(got), len(want), got[:min(3, len(got))], want[:min(3, len(want))])
		}
	}
}

// TestQuestionsFindProducts asks each question of the benchmark of a small catalogue, in each of its forms.
func TestQuestionsFindProducts(t *testing.T) {
	t.Parallel()
	const count = 2000
	c := &catalogue{shop: newShop(t), products: count}
	if err := c.addProducts(t.Context(), count, t.Logf); err != nil {
		t.Fatal(err)
	}
	stop, err := c.serveBare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, l := range listings {
		seen := map[string]bool{}
		for i := range 60 {
			q := l.ask(i, count)
			if err := c.bySQL(t.Context(), q); err != nil {
				t.Errorf("%s: %v", l.name, err)
			}
			if !l.search {
				if err := c.overHTTP(c.bare)(t.Context(), q); err != nil {
					t.Errorf("%s: %v", l.name, err)
				}
			}
			asked := q.values().Encode()
			if seen[asked] {
				t.Errorf("%s: asks %s again", l.name, asked)
			}
			seen[asked] = true
			if l.search && strings.ContainsAny(*q.filter.Query, "0123456789") {
				t.Errorf("%s: %q is no word", l.name, *q.filter.Query)
			}
		}
	}
}
