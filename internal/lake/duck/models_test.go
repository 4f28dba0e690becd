package duck_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
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

// TestModels runs each model over the example in the folder tests beside it. An example is
// statements, each after a line that says what it gives:
//
//	-- days orders: 2026-03-01 2026-03-03    the run's days of a subject
//	-- given clean.orders                    a table that the model reads
//	-- expect                                what it makes, or some columns of it: expect id, name
//	-- quarantine id                         key and rule of what it puts aside, one row per rule
func TestModels(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob(filepath.Join(modelFolder, "*", "tests", "*.sql"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	set, err := model.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range examples {
		zone := filepath.Base(filepath.Dir(filepath.Dir(path)))
		table := model.Table{Zone: lake.Zone(zone), Name: strings.TrimSuffix(filepath.Base(path), ".sql")}
		t.Run(table.String(), func(t *testing.T) {
			t.Parallel()
			m, err := set.Get(table)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			newExample(t, m).run(string(text))
		})
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
	}}
	e.exec("set TimeZone = 'UTC'")
	return e
}

func (e *example) run(text string) {
	e.Helper()
	var expect, quarantine, key string
	columns := "*"
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		head, statement, _ := strings.Cut(part, "\n")
		kind, subject, _ := strings.Cut(head, " ")
		switch kind {
		case "days":
			e.days(subject)
		case "given":
			e.given(subject, statement)
		case "expect":
			expect = statement
			if subject != "" {
				columns = subject
			}
		case "quarantine":
			key, quarantine = subject, statement
		default:
			expect += statement // a comment above the statement
		}
	}
	result, err := duck.New(engineSettings).Run(e.Context(), e.job)
	if err != nil {
		e.Fatal(err)
	}
	e.same("the result", expect, "select "+columns+" from "+parquetOf(result.Files))
	if key != "" {
		e.same("the quarantine", quarantine,
			fmt.Sprintf("select %s, unnest(broken_rules) as rule from %s", key, parquetOf(result.Quarantine)))
	} else if len(result.Rules) > 0 {
		e.Errorf("rows are in quarantine: %v", result.Rules)
	}
}

func (e *example) days(text string) {
	e.Helper()
	subject, days, _ := strings.Cut(text, ": ")
	from, to, _ := strings.Cut(days, " ")
	var span lake.Span
	if err := span.From.UnmarshalText([]byte(from)); err != nil {
		e.Fatal(err)
	}
	if err := span.To.UnmarshalText([]byte(to)); err != nil {
		e.Fatal(err)
	}
	e.job.Days[subject] = append(e.job.Days[subject], span)
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
func (e *example) without(a, b string) (left []string) {
	e.Helper()
	query := fmt.Sprintf("select rows::varchar from (select * from (%s) except all select * from (%s)) as rows", a, b)
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
