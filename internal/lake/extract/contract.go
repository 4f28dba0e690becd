package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/lake"
	"mercado/internal/lake/pgcopy"
)

// ContractError tells that a table of the shop is no longer what the lake was built for. It ends
// a run before anything is written.
type ContractError struct {
	Table    string
	Problems []string
}

func (e *ContractError) Error() string {
	return fmt.Sprintf("the shop's %s broke its contract (sql/sources/%s.sql): %s",
		e.Table, e.Table, strings.Join(e.Problems, "; "))
}

// check compares what the query gives now with the contract. It returns the columns to copy and
// the names of those the contract does not know, which are carried along: as text where pgcopy has
// no place for their type, and without sums, which need not fit.
func (s *Source) check(found []pgconn.FieldDescription) (columns []pgcopy.Column, unknown []string, err error) {
	types := map[string]string{}
	for _, field := range found {
		if slices.Contains(s.Without, field.Name) {
			continue
		}
		column, err := pgcopy.ColumnOf(field)
		if !s.knows(field.Name) {
			if err != nil {
				column = pgcopy.Column{Name: field.Name, Kind: pgcopy.Text, Type: "text"}
			}
			column.Unsummed = true
			unknown = append(unknown, s.Table+"."+field.Name)
		} else if err != nil {
			return nil, nil, &ContractError{Table: s.Table, Problems: []string{err.Error()}}
		}
		columns = append(columns, column)
		types[field.Name] = column.Type
	}
	var problems []string
	for _, want := range s.Columns {
		switch kind, exists := types[want.Name]; {
		case !exists:
			problems = append(problems, fmt.Sprintf("column %s is gone", want.Name))
		case kind != want.Type:
			problems = append(problems, fmt.Sprintf("column %s is %s, not %s", want.Name, kind, want.Type))
		}
	}
	if problems != nil {
		return nil, nil, &ContractError{Table: s.Table, Problems: problems}
	}
	return columns, unknown, nil
}

// knows reports whether the lake was built for a column. Every table may tell which transaction wrote a row.
func (s *Source) knows(column string) bool {
	return column == "xid" || slices.ContainsFunc(s.Columns, func(c Contract) bool { return c.Name == column })
}

func (c *copying) checkContracts(ctx context.Context, tx pgx.Tx) error {
	c.columns = map[string][]pgcopy.Column{}
	c.tables = map[string]*lake.Manifest{}
	for i := range c.sources {
		source := &c.sources[i]
		// Without a name: a statement that is kept would describe the table as it once was.
		statement, err := tx.Prepare(ctx, "", source.Query)
		if err != nil {
			return refused(source.Table, err)
		}
		columns, unknown, err := source.check(statement.Fields)
		if err != nil {
			return err
		}
		c.snapshot.Drift = append(c.snapshot.Drift, unknown...)
		c.columns[source.Table] = columns
		c.tables[source.Table] = &lake.Manifest{
			Output:  lake.Output{Zone: lake.Raw, Table: source.Table, RunID: c.snapshot.RunID, Execution: 1},
			Columns: manifestColumns(columns),
			Control: &lake.Totals{Sums: map[string]int64{}},
		}
	}
	return nil
}

// absent are the answers of Postgres that mean that the shop's schema has changed.
var absent = map[string]bool{
	"3F000": true, // a schema
	"42P01": true, // a table
	"42703": true, // a column
	"42704": true, // a type
	"42883": true, // a function
}

// refused tells a query that the shop's schema no longer allows from a server that is away.
func refused(table string, err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) && absent[answer.Code] {
		return &ContractError{Table: table, Problems: []string{answer.Message}}
	}
	return fmt.Errorf("describe %s: %w", table, err)
}

func manifestColumns(columns []pgcopy.Column) []lake.Column {
	described := make([]lake.Column, len(columns))
	for i, column := range columns {
		described[i] = lake.Column{Name: column.Name, Type: column.Type}
	}
	return described
}
