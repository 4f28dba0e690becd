package duck_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"mercado/internal/lake"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/model"
)

// ofSQL is the model gold.made with this header and statement, reading raw.given.
func ofSQL(t *testing.T, text string) *model.Model {
	t.Helper()
	header := "-- description: Made up.\n-- grain: one row per id\n-- key: id\n-- reads: raw.given\n-- column id: Key.\n"
	set, err := model.Read(fstest.MapFS{"gold/made.sql": {Data: []byte(header + text)}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := set.Get(model.Table{Zone: lake.Gold, Name: "made"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Several row groups, two partitions, rows that come in any order, and equal sort keys but one.
func TestSameJobWritesTheSameBytes(t *testing.T) {
	t.Parallel()
	m := ofSQL(t, `-- column seen: When.
-- column amount: How much.
-- column name: What.
-- partition: seen
-- totals: amount
select id, seen, amount, name from raw.given`)
	var digests []string
	for range 3 {
		e := newExample(t, m)
		e.given("raw.given", `select
			(g * 7919) % 400009 as id, timestamptz '2026-03-01 00:00:00+00' + (g % 2) * interval 1 day as seen,
			((g * 31) % 1000)::decimal(18, 2) as amount, 'name ' || (g % 1000) as name
			from generate_series(1, 400008) as s (g)`)
		result, err := duck.New(engineSettings).Run(t.Context(), e.job)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Files) != 2 || result.Files[0].Rows != 200004 || result.Files[0].Sums["amount"] == 0 {
			t.Fatalf("wrote %+v", result.Files)
		}
		var digest strings.Builder
		for _, file := range result.Files {
			data, err := os.ReadFile(file.Path)
			if err != nil {
				t.Fatal(err)
			}
			digest.WriteString(lake.Digest(data))
		}
		digests = append(digests, digest.String())
	}
	if digests[0] != digests[1] || digests[0] != digests[2] {
		t.Errorf("three runs wrote %q", digests)
	}
}

func TestPartsAreDaysOrMonthsByTheIntervalOfTheRun(t *testing.T) {
	t.Parallel()
	m := ofSQL(t, "-- column seen: When.\n-- partition: seen\nselect id, seen from raw.given")
	for _, test := range []struct {
		interval  lake.Day // days of it
		touched   int      // every second day from 2025-01-01 on
		parts     int
		from, to  string
		rowsFirst int64
	}{
		{1, 40, 40, "2025-01-01", "2025-03-20", 1},
		{32, 40, 3, "2025-01", "2025-03", 16},
		{1, 185, 13, "2025-01", "2026-01", 16}, // more than are worth a file each
	} {
		e := newExample(t, m)
		e.job.Interval = lake.Span{From: 20700, To: 20700 + test.interval}
		e.given("raw.given", fmt.Sprintf("select g as id, timestamptz '2025-01-01 23:00:00+00' + 2 * g * interval 1 day as seen from generate_series(0, %d) as s (g)", test.touched-1))
		result, err := duck.New(engineSettings).Run(t.Context(), e.job)
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, file := range result.Files {
			rows += file.Rows
		}
		first, last := result.Files[0], result.Files[len(result.Files)-1]
		if len(result.Files) != test.parts || first.Date != test.from || last.Date != test.to || first.Rows != test.rowsFirst || rows != int64(test.touched) {
			t.Errorf("%d days touched by a run of %d: %d rows in %d parts, %s to %s, %d rows in the first",
				test.touched, test.interval, rows, len(result.Files), first.Date, last.Date, first.Rows)
		}
	}
}

func TestFailedChecksStopTheRun(t *testing.T) {
	t.Parallel()
	e := newExample(t, ofSQL(t, "-- error small: id < 3\n-- warn odd: id % 2 = 1\nselect id from raw.given"))
	e.given("raw.given", "select unnest([1, 2, 3, 4, 4]) as id")
	_, err := duck.New(engineSettings).Run(t.Context(), e.job)
	var failed *model.CheckError
	if !errors.As(err, &failed) || failed.Failures["small"] != 3 || failed.Failures["key_unique"] != 1 || len(failed.Failures) != 2 {
		t.Errorf("checks said %v", err)
	}

	e = newExample(t, ofSQL(t, "-- warn odd: id % 2 = 1\nselect id from raw.given"))
	e.given("raw.given", "select unnest([1, 2, 4]) as id")
	if result, err := duck.New(engineSettings).Run(t.Context(), e.job); err != nil || result.Warnings["odd"] != 2 {
		t.Errorf("warned of %+v, %v", result, err)
	}
}

func TestModelThatIsNotWhatItsHeaderSaysIsRefused(t *testing.T) {
	t.Parallel()
	for statement, says := range map[string]string{
		"select id, id as other from raw.given":                               "its header describes",
		"select sum(id) as id from raw.given":                                 "cast it", // HUGEINT
		"select id from raw.elsewhere":                                        "elsewhere",
		"select id from read_csv('/etc/passwd', columns = {'id': 'varchar'})": "disabled",
		"select id from raw.given where getenv('HOME') = ''":                  "getenv",
	} {
		e := newExample(t, ofSQL(t, statement))
		e.given("raw.given", "select 1 as id")
		if _, err := duck.New(engineSettings).Run(t.Context(), e.job); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n\tgave %v, want an error with %q", statement, err, says)
		}
	}
}

func TestCancelledJobEndsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	e := newExample(t, ofSQL(t, "select count(*)::bigint as id from raw.given as a, raw.given as b, raw.given as c where a.id + b.id = c.id"))
	e.given("raw.given", "select g as id from generate_series(1, 100000) as s (g)")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := duck.New(engineSettings).Run(ctx, e.job)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(e.job.Folder, "*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestTableOfWhichNothingIsPublishedIsEmptyWithItsColumns(t *testing.T) {
	t.Parallel()
	set, err := model.Read(fstest.MapFS{"gold/made.sql": {Data: []byte(`-- description: Made up.
-- grain: one row per id
-- key: id
-- reads: published.made, raw.given
-- column id bigint: Key.
-- column amount decimal(18, 2): How much.
-- column seen timestamptz: When.
select id, amount, seen from published.made
union all
select 1::bigint, 2.5::decimal(18, 2), timestamptz '2026-03-01 00:00:00+00' from raw.given`)}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := set.Get(model.Table{Zone: lake.Gold, Name: "made"})
	if err != nil {
		t.Fatal(err)
	}
	e := newExample(t, m)
	e.given("raw.given", "select 1 as n")
	if _, err := duck.New(engineSettings).Run(t.Context(), e.job); err == nil {
		t.Error("read a table without files of which no columns are known")
	}
	before := model.Table{Zone: model.Published, Name: "made"}
	e.job.Described = map[model.Table][]model.Column{before: m.Columns}
	result, err := duck.New(engineSettings).Run(t.Context(), e.job)
	if err != nil || result.Files[0].Rows != 1 {
		t.Fatalf("made %+v, %v", result, err)
	}
	// Parts from before the column seen, from before the column amount, whose columns are in another order, and with one
	// that is no more.
	e.given("published.made", "select 7 as id")
	e.given("published.made", "select 'gone' as lost, 8.5::decimal(18, 2) as amount, 8::bigint as id")
	e.job.Folder = t.TempDir()
	if result, err = duck.New(engineSettings).Run(t.Context(), e.job); err != nil {
		t.Fatal(err)
	}
	e.same("the result", `select * from (values (7, null, null), (8, 8.5, null), (1, 2.5, timestamptz '2026-03-01 00:00:00+00')) as t`,
		"select id, amount, seen from "+parquetOf(result.Files))
	delete(e.job.Inputs, before)
	e.job.Folder = t.TempDir()
	m.Columns[1].Type = "integer"
	if _, err := duck.New(engineSettings).Run(t.Context(), e.job); err == nil || !strings.Contains(err.Error(), "its header says INTEGER") {
		t.Errorf("a header that says another type: %v", err)
	}
}

func TestFileIsReadForSomeOfItsDays(t *testing.T) {
	t.Parallel()
	set, err := model.Read(fstest.MapFS{
		"gold/facts.sql": {Data: []byte("-- description: Made up.\n-- grain: one row per id\n-- key: id\n-- subject: orders\n-- partition: seen\n-- column id: Key.\n-- column seen: When.\nselect 1 as id, now() as seen")},
		"gold/made.sql":  {Data: []byte("-- description: Made up.\n-- grain: one row per id\n-- key: id\n-- reads: published.facts\n-- column id: Key.\nselect id from published.facts")},
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := set.Get(model.Table{Zone: lake.Gold, Name: "made"})
	if err != nil {
		t.Fatal(err)
	}
	e := newExample(t, m)
	facts := func(first int) string {
		return fmt.Sprintf("select %d + g as id, timestamptz '2026-03-01 12:00:00+00' + g * interval 1 day as seen from range(3) as s (g)", first)
	}
	for i, name := range []string{"whole", "some", "none"} {
		path := filepath.Join(e.job.Folder, name+".parquet")
		e.exec(fmt.Sprintf("copy (%s) to '%s' (format parquet)", facts(10*i), path))
		key := model.Table{Zone: model.Published, Name: "facts"}
		e.job.Inputs[key] = append(e.job.Inputs[key], path)
	}
	files := e.job.Inputs[model.Table{Zone: model.Published, Name: "facts"}]
	e.job.Within = map[string]model.Within{
		files[1]: {Column: "seen", Days: []lake.Span{{From: 20513, To: 20514}, {From: 20515, To: 20516}}},
		files[2]: {Column: "seen", Days: []lake.Span{{}}},
	}
	result, err := duck.New(engineSettings).Run(t.Context(), e.job)
	if err != nil {
		t.Fatal(err)
	}
	e.same("the result", "select unnest([0, 1, 2, 10, 12])", "select * from "+parquetOf(result.Files))
}
