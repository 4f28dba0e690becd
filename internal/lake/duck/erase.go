package duck

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"mercado/internal/lake/model"
	"mercado/internal/lake/sqlfile"
)

// erasing is a part that one person is erased from, in a database of its own.
type erasing struct {
	*running
	part    model.ErasedPart
	columns []erasedColumn // of the part, that something else takes the place of
	names   []string       // of all columns of the part
	texts   []string       // of those that hold text
}

type erasedColumn struct{ Name, Type, Value string }

// carried are columns that no header names and that say nothing of a person: the transaction that wrote a row
// of the shop, and the rules that a row in quarantine broke.
var carried = []string{"xid", "broken_rules"}

// Erase implements model.Eraser.
func (e *Engine) Erase(ctx context.Context, part model.ErasedPart) (rows int64, changed bool, err error) {
	err = e.erasing(ctx, part, func(r *erasing) error {
		before, err := r.count(ctx, "select count(*) from part")
		if err != nil {
			return err
		}
		if rows, err = r.count(ctx, "select count(*) from "+r.without()); err != nil {
			return err
		}
		theirs, err := r.remains(ctx)
		if changed = theirs > 0 || rows != before; err != nil || !changed {
			return err
		}
		if _, err := r.connection.ExecContext(ctx, "set threads = 1"); err != nil {
			return err
		}
		rules := slices.Contains(r.names, "broken_rules")
		names := slices.DeleteFunc(slices.Clone(r.names), func(name string) bool { return name == "broken_rules" })
		return r.execute(ctx, "erase_write", struct {
			From, Out        string
			Key, ColumnNames []string
			Rules            bool
		}{r.without(), part.Out, part.Key, names, rules})
	})
	return rows, changed, err
}

// Rows implements model.Eraser.
func (e *Engine) Rows(ctx context.Context, part model.ErasedPart) (rows []byte, err error) {
	err = e.erasing(ctx, part, func(r *erasing) error {
		theirs := `select coalesce(json_group_array(json(to_json(t))), '[]')::varchar from (select * exclude ("their own") from ` + r.without() + ` where "their own") as t`
		var text string
		err := r.connection.QueryRowContext(ctx, theirs).Scan(&text)
		rows = []byte(text)
		return err
	})
	return rows, err
}

// Remains implements model.Eraser.
func (e *Engine) Remains(ctx context.Context, part model.ErasedPart, texts []model.Wanted) (rows int64, found map[model.Wanted]int64, err error) {
	found = map[model.Wanted]int64{}
	err = e.erasing(ctx, part, func(r *erasing) (err error) {
		if rows, err = r.remains(ctx); err != nil {
			return err
		}
		for _, wanted := range texts {
			statement, err := render("erase_find", struct {
				Texts []string
				model.Wanted
			}{r.texts, wanted})
			if err != nil {
				return err
			}
			count, err := r.count(ctx, statement)
			if err != nil {
				return err
			}
			if count > 0 {
				found[wanted] = count
			}
		}
		return nil
	})
	return rows, found, err
}

// without is the view of the part without the person.
func (r *erasing) without() string {
	if len(r.part.Personal.Periods) > 0 {
		return "united"
	}
	return "erased"
}

func (r *erasing) remains(ctx context.Context) (int64, error) {
	statement, err := render("erase_remains", struct{ Columns []erasedColumn }{r.columns})
	if err != nil {
		return 0, err
	}
	return r.count(ctx, statement)
}

func (r *erasing) count(ctx context.Context, statement string) (count int64, err error) {
	return count, r.connection.QueryRowContext(ctx, statement).Scan(&count)
}

// erasing opens a part in a database of its own, which has views of it: theirs tells whose each row is, erased is
// the part without the person.
func (e *Engine) erasing(ctx context.Context, part model.ErasedPart, do func(*erasing) error) error {
	folder := filepath.Dir(part.In)
	job := model.Job{Folder: folder, Inputs: map[model.Table][]string{}}
	err := e.inDatabase(ctx, job, func(r *running) error {
		erasing := &erasing{running: r, part: part}
		if err := r.execute(ctx, "erase_load", part); err != nil {
			return erasing.unusable(ctx, err)
		}
		if err := erasing.describe(ctx); err != nil {
			return err
		}
		if err := r.execute(ctx, "erase_view", erasing.views()); err != nil {
			return erasing.unusable(ctx, err)
		}
		return erasing.unusable(ctx, do(erasing))
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // DuckDB says INTERRUPT
	}
	if err != nil {
		return fmt.Errorf("erase from %s: %w", filepath.Base(part.In), err)
	}
	return nil
}

// unusable is err, as an *model.UnusablePart when it is the file that is to blame: it lacks a column, or cannot be read
// to its end for any other purpose either.
func (r *erasing) unusable(ctx context.Context, err error) error {
	var said *duckdb.Error
	if !errors.As(err, &said) || ctx.Err() != nil || r.part.Given != nil {
		return err
	}
	if said.Type == duckdb.ErrorTypeBinder {
		return &model.UnusablePart{Problem: said.Error()}
	}
	_, unread := r.count(ctx, "select coalesce(bit_xor(hash(p)) % 2, 0)::bigint from read_parquet("+text(r.part.In)+", hive_partitioning = false) as p")
	if !errors.As(unread, &said) || said.Type == duckdb.ErrorTypeOutOfMemory || said.Type == duckdb.ErrorTypeInterrupt || ctx.Err() != nil {
		return err
	}
	return &model.UnusablePart{Problem: said.Error()}
}

// describe finds what takes the place of each column of the part.
func (r *erasing) describe(ctx context.Context) error {
	rows, err := r.connection.QueryContext(ctx, "select column_name, column_type from (describe part)")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	personal := r.part.Personal
	for rows.Next() {
		var column erasedColumn
		if err := rows.Scan(&column.Name, &column.Type); err != nil {
			return err
		}
		r.names = append(r.names, column.Name)
		if strings.HasPrefix(column.Type, "VARCHAR") || column.Type == "JSON" || column.Type == "BLOB" {
			r.texts = append(r.texts, column.Name)
		}
		if slices.Contains(personal.Keeps, column.Name) || slices.Contains(carried, column.Name) {
			continue
		}
		column.Value = "null"
		for _, entry := range personal.Erased {
			if entry.Name == column.Name {
				column.Value = entry.Value
			}
		}
		r.columns = append(r.columns, column)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(r.columns) == 0 || !slices.Contains(r.names, personal.Column) {
		return &model.UnusablePart{Problem: fmt.Sprintf("it has no column %s, or none to erase", personal.Column)}
	}
	return nil
}

func (r *erasing) views() any {
	personal := r.part.Personal
	view := struct {
		By       sqlfile.Owner
		Column   string
		Customer int64
		Columns  []erasedColumn
		Periods  bool
		From, To string
		Contents []string
	}{By: personal.By, Column: personal.Column, Customer: r.part.Customer, Columns: r.columns, Periods: len(personal.Periods) > 0}
	if view.Periods {
		view.From, view.To = personal.Periods[0], personal.Periods[1]
		view.Contents = slices.DeleteFunc(slices.Clone(r.names), func(name string) bool { return slices.Contains(personal.Periods, name) })
	}
	return view
}

var _ model.Eraser = (*Engine)(nil)
