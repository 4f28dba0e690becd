package seed_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"mercado/internal/auth"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/seed"
	"mercado/internal/settings"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// until ends the history of all tests. What is tested does not depend on it.
var until = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

// emptyShop is a migrated database with nothing in it.
func emptyShop(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), stacktest.New(t).Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func fill(t *testing.T, pool *pgxpool.Pool, options seed.Options) seed.Summary {
	t.Helper()
	began := time.Now()
	summary, err := seed.Run(t.Context(), pool, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seeded in %s", time.Since(began).Round(time.Millisecond))
	return summary
}

// query runs the query of a file and returns its rows, each column as text.
func query(t *testing.T, pool *pgxpool.Pool, file string, args ...any) [][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	result, err := pool.Query(t.Context(), string(text), append([]any{pgx.QueryExecModeSimpleProtocol}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pgx.CollectRows(result, func(row pgx.CollectableRow) ([]string, error) {
		var columns []string
		for _, value := range row.RawValues() {
			columns = append(columns, string(value))
		}
		return columns, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// contents has a row a table: its name, its number of rows and their digest.
func contents(t *testing.T, pool *pgxpool.Pool) [][]string {
	t.Helper()
	rows := query(t, pool, "testdata/contents.sql")
	slices.SortFunc(rows, slices.Compare)
	return rows
}

// TestHistory looks at one seeded shop from all sides.
func TestHistory(t *testing.T) {
	t.Parallel()
	pool := emptyShop(t)
	summary := fill(t, pool, seed.Options{Until: until})
	t.Run("holds together", func(t *testing.T) { holdsTogether(t, pool) })
	t.Run("has the volumes", func(t *testing.T) { hasTheVolumes(t, pool, summary, 1) })
	t.Run("can be signed in to", func(t *testing.T) { canBeSignedInTo(t, pool, summary.Logins) })
	t.Run("is not written over", func(t *testing.T) { isNotWrittenOver(t, pool) })
	t.Run("leaves the next ids free", func(t *testing.T) { leavesNextIDsFree(t, pool) })
}

func TestScaleMultiplies(t *testing.T) {
	t.Parallel()
	pool := emptyShop(t)
	hasTheVolumes(t, pool, fill(t, pool, seed.Options{Until: until, Scale: 2}), 2)
}

// holdsTogether runs every query of testdata/never, which finds what must not be, and of
// testdata/some, which finds what reports need to have something to show.
func holdsTogether(t *testing.T, pool *pgxpool.Pool) {
	for _, folder := range []string{"never", "some"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.sql"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no queries in %s: %v", folder, err)
		}
		for _, file := range files {
			t.Run(folder+"/"+strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) {
				var args []any
				if filepath.Base(file) == "in_the_future.sql" {
					args = append(args, until)
				}
				rows := query(t, pool, file, args...)
				switch {
				case folder == "never" && len(rows) > 0:
					t.Errorf("%d rows, the first: %v", len(rows), rows[0])
				case folder == "some" && len(rows) < 3:
					t.Errorf("%d rows, too few for a report: %v", len(rows), rows)
				}
			})
		}
	}
}

func hasTheVolumes(t *testing.T, pool *pgxpool.Pool, summary seed.Summary, scale int64) {
	counts := map[string]int64{}
	for _, table := range summary.Tables {
		counts[table.Table] = table.Rows
	}
	for _, row := range contents(t, pool) {
		if row[1] != strconv.FormatInt(counts[row[0]], 10) {
			t.Errorf("%s has %s rows, the summary says %d", row[0], row[1], counts[row[0]])
		}
	}
	least := map[string]int64{
		"identity.customers": 1_000, "catalog.vendors": 5, "catalog.products": 200,
		"ordering.orders": 5_000, "catalog.reviews": 2_000,
	}
	for table, rows := range least {
		if counts[table] < rows*scale {
			t.Errorf("%d rows in %s, want %d or more", counts[table], table, rows*scale)
		}
	}
	if counts["catalog.categories"] != 18 {
		t.Errorf("%d categories, want 18", counts["catalog.categories"])
	}
	if average := float64(counts["ordering.order_items"]) / float64(counts["ordering.orders"]); average < 2.4 || average > 2.6 {
		t.Errorf("%.2f items an order, want about 2.5", average)
	}
	if days := summary.Until.Sub(summary.From).Hours() / 24; days < 729 {
		t.Errorf("history of %.0f days, want two years", days)
	}
}

func canBeSignedInTo(t *testing.T, pool *pgxpool.Pool, logins []seed.Login) {
	found := map[string][]string{}
	for _, row := range query(t, pool, "testdata/logins.sql") {
		found[row[0]] = row[1:]
	}
	passwords := auth.NewPasswords(8)
	for _, login := range logins {
		row := found[login.Email]
		if len(row) == 0 || row[1] != login.Role {
			t.Errorf("login %+v is %v in the shop", login, row)
			continue
		}
		if ok, err := passwords.Verify(t.Context(), settings.DevelopmentPassword, row[0]); !ok || err != nil {
			t.Errorf("%s cannot sign in: %v", login.Email, err)
		}
	}
	if len(found) != len(logins) {
		t.Errorf("%d users in the shop, %d in the summary", len(found), len(logins))
	}
}

func isNotWrittenOver(t *testing.T, pool *pgxpool.Pool) {
	before := contents(t, pool)
	_, err := seed.Run(t.Context(), pool, seed.Options{Until: until, Seed: 2})
	if !errors.Is(err, seed.ErrNotEmpty) || !strings.Contains(err.Error(), "6000 orders") {
		t.Errorf("seeding twice: %v, want ErrNotEmpty and what was found", err)
	}
	if after := contents(t, pool); !slices.EqualFunc(before, after, slices.Equal) {
		t.Error("a refused seed changed rows")
	}
}

func leavesNextIDsFree(t *testing.T, pool *pgxpool.Pool) {
	for _, row := range query(t, pool, "testdata/next_ids.sql") {
		next, _ := strconv.Atoi(row[1])
		highest, _ := strconv.Atoi(row[2])
		if next != highest+1 {
			t.Errorf("next id of %s is %d, after %d", row[0], next, highest)
		}
	}
}

func TestSameOptionsGiveTheSameRows(t *testing.T) {
	t.Parallel()
	made := func(number uint64) [][]string {
		pool := emptyShop(t)
		fill(t, pool, seed.Options{Seed: number, Until: until})
		return contents(t, pool)
	}
	first, again, other := made(7), made(7), made(8)
	for i, row := range first {
		if !slices.Equal(row, again[i]) {
			t.Errorf("the same seed gave %v and %v", row, again[i])
		}
		if row[0] != "catalog.categories" && slices.Equal(row, other[i]) {
			t.Errorf("%s is the same for another seed", row[0])
		}
	}
}
