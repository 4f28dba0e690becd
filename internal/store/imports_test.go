package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mercado/internal/store/shopdb"
)

// TestOnlyWhatIsOverOrAbandonedIsForgotten has imports of every state that nothing has happened to for long.
func TestOnlyWhatIsOverOrAbandonedIsForgotten(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, state := range []string{"receiving", "queued", "running", "succeeded", "failed"} {
		exec(t, db.Pool, `
			insert into catalog.imports (id, dry_run, state, created_at, updated_at, finished_at)
			select $1, false, $2, at, at, case when $2 in ('succeeded', 'failed') then at end
			from (select now() - interval '90 days' as at) as long_ago`, uuid.New(), state)
	}
	left := func() []string {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), "select state from catalog.imports order by state")
		if err != nil {
			t.Fatal(err)
		}
		states, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return states
	}
	for _, forgetting := range []struct {
		keep      time.Duration // 0: for ever
		forgotten int64
		left      []string
	}{
		{0, 1, []string{"failed", "queued", "running", "succeeded"}},
		{91 * 24 * time.Hour, 0, []string{"failed", "queued", "running", "succeeded"}},
		{89 * 24 * time.Hour, 2, []string{"queued", "running"}},
	} {
		if forgotten, err := db.ForgetImports(t.Context(), forgetting.keep); err != nil || forgotten != forgetting.forgotten {
			t.Errorf("kept for %s: %d are forgotten, %v; want %d", forgetting.keep, forgotten, err, forgetting.forgotten)
		}
		if states := left(); !slices.Equal(states, forgetting.left) {
			t.Errorf("kept for %s: left are %v, want %v", forgetting.keep, states, forgetting.left)
		}
	}
}

// TestProblemsOfAnImportAreListedOnce has batches with one problem each, and one that ends with a line of three:
// however long the pages are, each problem is listed once, in order.
func TestProblemsOfAnImportAreListedOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := uuid.New()
	exec(t, db.Pool, "insert into catalog.imports (id, dry_run) values ($1, false), ($2, false)", id, uuid.New())
	exec(t, db.Pool, `
		insert into catalog.import_problems (import_id, last_line, problem_count, problems)
		select import.id, bad, 1, jsonb_build_array(jsonb_build_object('line', bad, 'field', '', 'message', 'wrong'))
		from catalog.imports as import
		cross join generate_series(10, 3000, 10) as bad`)
	exec(t, db.Pool, `
		update catalog.import_problems
		set problem_count = 4, problems = '[
			{"line": 55, "field": "price", "message": "wrong"}, {"line": 60, "field": "cost", "message": "also wrong"},
			{"line": 60, "field": "cost", "message": "wrong"}, {"line": 60, "field": "price", "message": "wrong"}
		]'
		where last_line = 60`)
	for _, limit := range []int32{1, 2, 3, 7, 101, 1000} {
		var listed []string
		asked := shopdb.ListImportProblemsParams{ImportID: id, RowLimit: limit}
		for {
			page, err := db.ListImportProblems(t.Context(), asked)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range page {
				listed = append(listed, fmt.Sprintf("%04d %s %s", problem.Line, problem.Field, problem.Message))
			}
			if len(page) < int(limit) {
				break
			}
			last := page[limit-1]
			asked.AfterLine, asked.AfterField, asked.AfterMessage = &last.Line, &last.Field, &last.Message
		}
		if len(listed) != 303 || !slices.IsSorted(listed) || len(slices.Compact(listed)) != 303 {
			t.Errorf("%d at a time: %d are listed, from %v on", limit, len(listed), listed[:min(10, len(listed))])
		}
	}
}

// TestAPageOfProblemsUnpacksFewBatches has 200 batches of 500 bad lines: of the batches that a page might need, only
// those are unpacked that it does need.
func TestAPageOfProblemsUnpacksFewBatches(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := uuid.New()
	exec(t, db.Pool, "insert into catalog.imports (id, dry_run) values ($1, false)", id)
	exec(t, db.Pool, `
		insert into catalog.import_problems (import_id, last_line, problem_count, problems)
		select $1, 500 * batch, 500, jsonb_agg(jsonb_build_object('line', 500 * (batch - 1) + bad, 'field', 'price', 'message', md5(bad::text)) order by bad)
		from generate_series(1, 200) as batch
		cross join generate_series(1, 500) as bad
		group by batch`, id)
	connection := explaining(t, db)
	read := shopdb.New(connection)
	line, nothing := int64(10_450), ""
	asked := shopdb.ListImportProblemsParams{ImportID: id, RowLimit: 101, AfterLine: &line, AfterField: &nothing, AfterMessage: &nothing}
	for range 2 { // the first call reads the system catalogues as well
		connection.told = nil
		page, err := read.ListImportProblems(t.Context(), asked)
		if err != nil || len(page) != 101 || page[0].Line != line || page[100].Line != line+100 {
			t.Fatalf("the page is %v, %v", page, err)
		}
	}
	if _, blocks, _ := connection.cost(); len(connection.told) == 0 || blocks > 200 {
		t.Errorf("a page of 101 problems reads %d blocks", blocks)
	} else {
		t.Logf("%d blocks", blocks)
	}
}
