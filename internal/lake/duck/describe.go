package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// Describer tells of queries over tables without rows: it implements catalogue.Describer.
type Describer struct {
	db         *sql.DB
	connection *sql.Conn
	schemas    map[lake.Zone]bool
}

// NewDescriber starts a database without tables, in memory.
func (e *Engine) NewDescriber(ctx context.Context) (*Describer, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	d := &Describer{db: sql.OpenDB(connector), schemas: map[lake.Zone]bool{}}
	if d.connection, err = d.db.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start DuckDB: %w", err), d.db.Close())
	}
	if err := duckdb.RegisterScalarUDF(d.connection, "mask_email", &maskEmail{e}); err != nil {
		return nil, errors.Join(fmt.Errorf("start DuckDB: %w", err), d.Close())
	}
	running := &running{connection: d.connection}
	if err := running.execute(ctx, "configure", bounds{Memory: e.memory, Threads: e.threads}); err != nil {
		return nil, errors.Join(fmt.Errorf("start DuckDB: %w", err), d.Close())
	}
	return d, nil
}

// Close ends the database.
func (d *Describer) Close() error { return errors.Join(d.connection.Close(), d.db.Close()) }

// Define implements catalogue.Describer.
func (d *Describer) Define(ctx context.Context, table model.Table, columns []lake.Column) error {
	if !d.schemas[table.Zone] {
		if _, err := d.connection.ExecContext(ctx, "create schema "+name(string(table.Zone))); err != nil {
			return fmt.Errorf("define %s: %w", table, err)
		}
		d.schemas[table.Zone] = true
	}
	described := make([]string, len(columns))
	for i, column := range columns {
		described[i] = name(column.Name) + " " + column.Type
	}
	statement := fmt.Sprintf("create table %s.%s (%s)", name(string(table.Zone)), name(table.Name), strings.Join(described, ", "))
	if _, err := d.connection.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("define %s: %w", table, err)
	}
	return nil
}

// Describe implements catalogue.Describer.
func (d *Describer) Describe(ctx context.Context, query string) (columns []lake.Column, tree []byte, err error) {
	rows, err := d.connection.QueryContext(ctx, "select column_name, column_type from (describe "+query+")")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var column lake.Column
		if err := rows.Scan(&column.Name, &column.Type); err != nil {
			return nil, nil, err
		}
		columns = append(columns, column)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	var text string
	const serialize = "select json_serialize_sql($1::varchar, skip_null := true, skip_default := true, skip_empty := true)::varchar"
	if err := d.connection.QueryRowContext(ctx, serialize, query).Scan(&text); err != nil {
		return nil, nil, err
	}
	return columns, []byte(text), nil
}
