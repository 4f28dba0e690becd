package main

import (
	"context"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"mercado/internal/money"
)

// Words that many names have, and syllables that those are made of which few have: no two of those
// are one typo apart.
var (
	colours = strings.Fields("amber azure black bronze copper crimson golden green ivory olive scarlet silver")
	nouns   = strings.Fields("backpack balloon basket bicycle blanket bottle bracelet camera candle carpet chair clock " +
		"curtain dresser drill easel fountain guitar hammer jacket kettle ladder lamp laptop mirror mug notebook pillow " +
		"printer racket saddle scooter shelf sofa speaker table telescope tripod umbrella wardrobe")
	syllables = strings.Fields("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu")
)

const (
	seriesWords = 3_000  // of products, each of which has one
	ownWords    = 30_000 // likewise
	brandWords  = 500

	// The tree of categories: roots, each of branches, each of leaves; products are in leaves.
	roots, branches, leaves = 4, 5, 5
)

// word is the k-th of 160,000 words of eight letters, in an order in which neighbours do not look
// alike.
func word(k int) string {
	k = k * 7919 % 160_000
	var letters strings.Builder
	for range 4 {
		letters.WriteString(syllables[k%len(syllables)])
		k /= len(syllables)
	}
	return letters.String()
}

// titled is a word with a capital.
func titled(word string) string { return string(unicode.ToUpper(rune(word[0]))) + word[1:] }

// offered is the n-th product of a catalogue, counted from 1, which is its id as well.
type offered int

func (n offered) noun() string   { return nouns[int(n)%len(nouns)] }
func (n offered) series() string { return word(int(n) * 31 % seriesWords) }
func (n offered) name() string {
	colour, own := colours[int(n)/len(nouns)%len(colours)], word(seriesWords+int(n)*7%ownWords)
	return strings.Join([]string{titled(colour), n.noun(), n.series(), own}, " ")
}
func (n offered) brand() string       { return titled(word(seriesWords + ownWords + int(n)%brandWords)) }
func (n offered) price() money.Amount { return money.Amount(100 + int64(n)*48271%100_000) }

// outOfStock is so of one in nineteen: of every noun some are there.
func (n offered) outOfStock() bool { return n%19 == 0 }

// vendorsOf is how many vendors sell so many products.
func vendorsOf(products int) int { return max(20, products/500) }

// addProducts fills an empty catalogue, by the triggers that fill what lists and searches look at. The
// indexes are built when the rows are there: a million rows one entry after the other take several times
// as long.
func (p *shop) addProducts(ctx context.Context, count int, say func(string, ...any)) error {
	if _, err := p.db.Pool.Exec(ctx, newShelves, roots, branches, leaves); err != nil {
		return err
	}
	words := seriesWords + ownWords + brandWords
	vendors := pgx.CopyFromSlice(vendorsOf(count), func(i int) ([]any, error) {
		return []any{titled(word(words+2*i)) + " " + titled(word(words+2*i+1)), "PT"}, nil
	})
	if _, err := p.db.Pool.CopyFrom(ctx, pgx.Identifier{"catalog", "vendors"}, []string{"vendor_name", "region"}, vendors); err != nil {
		return err
	}
	indexes, err := p.dropIndexes(ctx)
	if err != nil {
		return err
	}
	const some = 40_000 // the first of them have nearly all words
	if err := p.addSome(ctx, 1, min(some, count), count); err != nil {
		return err
	}
	group, adding := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for first := some + 1; first <= count; first += some {
		group.Go(func() error {
			if first%(5*some) == 1 {
				say("  %d products", first-1)
			}
			return p.addSome(adding, first, min(some, count-first+1), count)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	say("  building %d indexes", len(indexes))
	if err := p.build(ctx, indexes); err != nil {
		return err
	}
	_, err = p.db.Pool.Exec(ctx, "vacuum analyze")
	return err
}

// loaders is how many connections fill a catalogue.
const loaders = 2

// addSome adds products first to first+count-1 of a catalogue of so many, with their stock.
func (p *shop) addSome(ctx context.Context, first, count, all int) error {
	const firstLeaf = roots + roots*branches + 1
	columns := []string{"id", "vendor_id", "item_name", "category_id", "brand", "price", "cost"}
	rows := pgx.CopyFromSlice(count, func(i int) ([]any, error) {
		n := offered(first + i)
		return []any{
			int64(n), int64(1 + int(n)*13%vendorsOf(all)), n.name(), int64(firstLeaf + int(n)*7%(roots*branches*leaves)),
			n.brand(), n.price(), money.Amount(50),
		}, nil
	})
	return p.quickly(ctx, func(tx pgx.Tx) error {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"catalog", "products"}, columns, rows); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, newStock, first, first+count-1)
		return err
	})
}

// quickly runs a transaction that a crash may undo.
func (p *shop) quickly(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, p.db.Pool, func(tx pgx.Tx) error {
		for _, setting := range []string{
			"synchronous_commit = off", "maintenance_work_mem = '256MB'", "max_parallel_maintenance_workers = 0",
		} {
			if _, err := tx.Exec(ctx, "set local "+setting); err != nil {
				return err
			}
		}
		return do(tx)
	})
}

// dropIndexes drops those of the catalogue that no constraint needs, and returns what makes them again.
func (p *shop) dropIndexes(ctx context.Context) (definitions []string, err error) {
	rows, err := p.db.Pool.Query(ctx, catalogueIndexes)
	if err != nil {
		return nil, err
	}
	type index struct{ Name, Definition string }
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return nil, err
	}
	for _, index := range indexes {
		if _, err := p.db.Pool.Exec(ctx, "drop index "+index.Name); err != nil {
			return nil, err
		}
		definitions = append(definitions, index.Definition)
	}
	return definitions, nil
}

// build makes indexes.
func (p *shop) build(ctx context.Context, definitions []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(loaders)
	for _, definition := range definitions {
		group.Go(func() error {
			return p.quickly(ctx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, definition)
				return err
			})
		})
	}
	return group.Wait()
}
