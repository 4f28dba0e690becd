package duck_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"

	"mercado/internal/lake"
	"mercado/internal/lake/duck"
	"mercado/internal/lake/model"
	"mercado/internal/settings"
)

const modelFolder = "../../../sql/models"

var engineSettings = settings.Lake{MemoryLimit: "128MiB", Threads: 2, MaskKey: "test"}

// TestModels runs each model over its examples in the folder tests beside it, NAME.sql or
// NAME.WHAT.sql. An example is statements, each after a line that says what it gives:
//
//	-- interval: 2026-03-01 2026-03-04       the days the run was asked for, where not these
//	-- days orders: 2026-03-01 2026-03-03    the run's days of a subject
//	-- parameters: 12 0.00                   expected months and acquisition cost, where not these
//	-- given clean.orders                    a table that the model reads
//	-- expect                                what it makes, or some columns of it: expect id, name
//	-- quarantine id                         key and rule of what it puts aside, one row per rule
//
// Every model has an example, and every rule of a clean model a row that breaks it and no other.
func TestModels(t *testing.T) {
	t.Parallel()
	set, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob(filepath.Join(modelFolder, "*", "tests", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	of := map[model.Table][]string{}
	for _, path := range examples {
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		table := model.Table{Zone: lake.Zone(filepath.Base(filepath.Dir(filepath.Dir(path)))), Name: name}
		if _, err := set.Get(table); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		of[table] = append(of[table], path)
	}
	for _, zone := range []lake.Zone{lake.Clean, lake.Work, lake.Gold} {
		for _, m := range set.Zone(zone) {
			t.Run(m.Table.String(), func(t *testing.T) {
				t.Parallel()
				testModel(t, m, of[m.Table])
			})
		}
	}
}

func testModel(t *testing.T, m *model.Model, examples []string) {
	t.Helper()
	if len(examples) == 0 {
		t.Errorf("%s has no example", m.Table)
	}
	broken := map[string]bool{}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range newExample(t, m).run(string(text)) {
			broken[rule] = true
		}
	}
	for _, check := range m.Checks {
		if m.Zone == lake.Clean && !check.Warn && !broken[check.Name] {
			t.Errorf("no example of %s has a row that breaks %s and nothing else", m.Table, check.Name)
		}
	}
}

type example struct {
	*testing.T
	db  *sql.DB
	job model.Job
}

func newExample(t *testing.T, m *model.Model) *example {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	day := lake.Day(20513) // 2026-03-01
	e := &example{T: t, db: db, job: model.Job{
		Model: m, Inputs: map[model.Table][]string{}, Days: map[string][]lake.Span{},
		Interval: lake.Span{From: day, To: day + 3}, Folder: t.TempDir(),
		Parameters: lake.Parameters{CLVExpectedMonths: 12},
	}}
	e.exec("set TimeZone = 'UTC'")
	return e
}

// run returns the rules that a row in quarantine breaks alone.
func (e *example) run(text string) (rules []string) {
	e.Helper()
	var expect, quarantine, key, cost string
	columns := "*"
	for _, part := range parts(text) {
		head, statement, _ := strings.Cut(part, "\n")
		kind, subject, _ := strings.Cut(head, " ")
		switch kind {
		case "days":
			of, days, _ := strings.Cut(subject, ": ")
			e.job.Days[of] = append(e.job.Days[of], e.span(days))
		case "interval:":
			e.job.Interval = e.span(subject)
		case "parameters:":
			if _, err := fmt.Sscan(subject, &e.job.Parameters.CLVExpectedMonths, &cost); err != nil {
				e.Fatal(err)
			}
			if err := e.job.Parameters.CLVAcquisitionCost.UnmarshalText([]byte(cost)); err != nil {
				e.Fatal(err)
			}
		case "given":
			e.given(subject, statement)
		case "expect":
			expect = statement
			if subject != "" {
				columns = subject
			}
		case "quarantine":
			key, quarantine = subject, statement
		}
	}
	result, err := duck.New(engineSettings).Run(e.Context(), e.job)
	if err != nil {
		e.Fatal(err)
	}
	for _, column := range result.Columns {
		if strings.HasPrefix(column.Type, "DECIMAL") && !slices.Contains(e.job.Model.Totals, column.Name) {
			e.Errorf("nobody would miss a cent of column %s: it is not among the totals", column.Name)
		}
	}
	var written lake.Totals
	for _, file := range result.Files {
		written.Add(file.Totals)
	}
	if !written.Equal(result.Control) {
		e.Errorf("the query gave %v, the files have %v", result.Control, written)
	}
	e.same("the result", expect, "select "+columns+" from "+parquetOf(result.Files))
	if len(result.Quarantine) == 0 {
		if key != "" {
			e.Error("no row is in quarantine")
		}
		return nil
	}
	if key == "" {
		e.Errorf("rows are in quarantine: %v", result.Rules)
		return nil
	}
	aside := parquetOf(result.Quarantine)
	e.same("the quarantine", quarantine, fmt.Sprintf("select %s, unnest(broken_rules) as rule from %s", key, aside))
	return e.rows("select distinct broken_rules[1] from " + aside + " where len(broken_rules) = 1")
}

var directive = regexp.MustCompile(`(?m)^-- (days|interval:|parameters:|given|expect|quarantine)( |$)`)

// parts cuts an example at its directives; other comments stay with the statement below them.
func parts(text string) []string {
	var parts []string
	at := directive.FindAllStringIndex(text, -1)
	for i, start := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		parts = append(parts, strings.TrimPrefix(text[start[0]:end], "-- "))
	}
	return parts
}

func (e *example) span(text string) (span lake.Span) {
	e.Helper()
	from, to, _ := strings.Cut(text, " ")
	if err := span.From.UnmarshalText([]byte(from)); err != nil {
		e.Fatal(err)
	}
	if err := span.To.UnmarshalText([]byte(to)); err != nil {
		e.Fatal(err)
	}
	return span
}

func (e *example) given(table, statement string) {
	e.Helper()
	zone, name, _ := strings.Cut(table, ".")
	path := filepath.Join(e.TempDir(), name+".parquet")
	e.exec(fmt.Sprintf("copy (%s) to '%s' (format parquet)", statement, path))
	key := model.Table{Zone: lake.Zone(zone), Name: name}
	e.job.Inputs[key] = append(e.job.Inputs[key], path)
}

// same compares two queries as bags of rows, columns in their order.
func (e *example) same(what, want, got string) {
	e.Helper()
	for _, row := range e.without(want, got) {
		e.Errorf("missing from %s: %s", what, row)
	}
	for _, row := range e.without(got, want) {
		e.Errorf("too much in %s: %s", what, row)
	}
}

// without is the rows of a that are not in b.
func (e *example) without(a, b string) []string {
	e.Helper()
	return e.rows(fmt.Sprintf("select rows::varchar from (select * from (%s) except all select * from (%s)) as rows", a, b))
}

// rows is the answer of a query for one text.
func (e *example) rows(query string) (left []string) {
	e.Helper()
	rows, err := e.db.QueryContext(e.Context(), query)
	if err != nil {
		e.Fatalf("%s\n%v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			e.Fatal(err)
		}
		left = append(left, row)
	}
	if err := rows.Err(); err != nil {
		e.Fatal(err)
	}
	return left
}

func (e *example) exec(statement string) {
	e.Helper()
	if _, err := e.db.ExecContext(context.WithoutCancel(e.Context()), statement); err != nil {
		e.Fatalf("%s\n%v", statement, err)
	}
}

func parquetOf(files []model.File) string {
	paths := make([]string, len(files))
	for i, file := range files {
		paths[i] = "'" + file.Path + "'"
	}
	return "read_parquet([" + strings.Join(paths, ", ") + "])"
}
