// Package extract copies the shop to zone raw: all tables under one snapshot of Postgres, in
// parallel, with control totals counted by Postgres under the same snapshot.
package extract

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mercado/internal/lake/pgcopy"
	"mercado/internal/lake/sqlfile"
	"mercado/sql/sources"
)

// Source is a table of zone raw and the query that fills it.
type Source struct {
	Table       string
	Description string
	Subject     string // the days it follows; "" for a table that is copied whole
	PerSpan     bool   // runs once per unbroken row of days rather than once per partition
	Split       string // the table of the shop whose blocks it may be cut by; "" for one that is never cut
	Columns     []Contract
	Without     []string
	Personal    *sqlfile.Personal // nil: no row says who somebody is
	Query       string
}

// Contract is a column that must come, and its type. Description says what it means where no table of zone
// clean does.
type Contract struct{ Name, Type, Description string }

// Sources reads the embedded queries, ordered by table.
func Sources() ([]Source, error) {
	entries, err := sources.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []Source
	for _, entry := range entries {
		text, err := sources.Files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		header, query, err := sqlfile.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("sql/sources/%s: %w", entry.Name(), err)
		}
		source := Source{
			Table:       strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())),
			Subject:     header.Value("subject"),
			Description: header.Value("description"),
			PerSpan:     header.Value("per") == "span",
			Split:       header.Value("split"),
			Without:     header.List("without"),
			Query:       query,
		}
		var names []string
		for _, column := range columnList(header.Value("columns")) {
			name, kind, _ := strings.Cut(column, " ")
			source.Columns = append(source.Columns, Contract{Name: name, Type: kind})
			names = append(names, name)
		}
		if source.Personal, err = header.Personal(names); err != nil {
			return nil, fmt.Errorf("sql/sources/%s: %w", entry.Name(), err)
		}
		for _, entry := range header {
			if entry.Key != "column" {
				continue
			}
			at := slices.IndexFunc(source.Columns, func(c Contract) bool { return c.Name == entry.Name })
			if at < 0 {
				return nil, fmt.Errorf("sql/sources/%s: describes %s, which is not among its columns", source.Table+".sql", entry.Name)
			}
			source.Columns[at].Description = entry.Value
		}
		if _, known := subjects[source.Subject]; !known || len(source.Columns) == 0 {
			return nil, fmt.Errorf("sql/sources/%s: needs columns and a known subject", entry.Name())
		}
		all = append(all, source)
	}
	return all, nil
}

// columnList splits at commas, but not at those of numeric(18,2).
func columnList(text string) []string {
	var columns []string
	depth, start := 0, 0
	for i, r := range text + "," {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			columns = append(columns, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return columns
}

// copyStatement copies the columns to the client, as check has them.
func (s *Source) copyStatement(columns []pgcopy.Column) string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = quote(column.Name)
		if !s.knows(column.Name) {
			names[i] = carried(column)
		}
	}
	return fmt.Sprintf("copy (select %s from (%s) as source) to stdout (format binary)", strings.Join(names, ", "), s.Query)
}

// carried is the value of a column that the contract does not know, so that none keeps the rest from being copied: text,
// whatever its type was, and null for what Parquet cannot say.
func carried(column pgcopy.Column) string {
	name := quote(column.Name)
	switch {
	case column.Type == "text":
		return name + "::text"
	case column.Kind == pgcopy.Date || column.Kind == pgcopy.Timestamp:
		return fmt.Sprintf("case when isfinite(%[1]s) then %[1]s end", name)
	case column.Kind == pgcopy.Numeric:
		return fmt.Sprintf("nullif(%s, 'NaN')", name)
	}
	return name
}

// controlStatement counts the rows and, as text, sums each column that a manifest has sums of,
// decimals in units of their last digit.
func (s *Source) controlStatement(columns []pgcopy.Column) string {
	sums := []string{"count(*)::text"}
	for _, column := range columns {
		if column.Sums() {
			sums = append(sums, fmt.Sprintf("trunc(coalesce(sum(%s), 0) * 1e%d)::text", quote(column.Name), column.Scale))
		}
	}
	return fmt.Sprintf("select %s from (%s) as source", strings.Join(sums, ", "), s.Query)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
