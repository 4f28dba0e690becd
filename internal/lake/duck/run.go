package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mercado/internal/lake"
	"mercado/internal/lake/model"
)

// running is one job in its database.
type running struct {
	connection *sql.Conn
	job        model.Job
	types      map[string]string // of the result's columns
	scales     map[string]int    // of those the manifest sums
	files      int
}

func (r *running) run(ctx context.Context) (*model.Result, error) {
	m := r.job.Model
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	statement := "result"
	if m.Zone == lake.Clean {
		statement = "judge"
	}
	if err := r.execute(ctx, statement, r.query()); err != nil {
		return nil, fmt.Errorf("run %s: %w", m.Table, err)
	}
	result := &model.Result{}
	var err error
	if result.Columns, err = r.describe(ctx); err != nil {
		return nil, fmt.Errorf("run %s: %w", m.Table, err)
	}
	if err := r.check(ctx, result); err != nil {
		return nil, err
	}
	// One thread from here on: row groups then end where they end every time.
	if _, err := r.connection.ExecContext(ctx, "set threads = 1"); err != nil {
		return nil, err
	}
	kept := "true"
	if m.Zone == lake.Clean {
		kept = "len(broken_rules) = 0"
	}
	if result.Control, err = r.totals(ctx, "", kept); err != nil {
		return nil, fmt.Errorf("totals of %s: %w", m.Table, err)
	}
	if result.Files, err = r.writeParts(ctx, kept); err != nil {
		return nil, fmt.Errorf("write %s: %w", m.Table, err)
	}
	if len(result.Rules) > 0 {
		file, err := r.write(ctx, r.job.Interval.Last().String(), true, "len(broken_rules) > 0", lake.Span{})
		if err != nil {
			return nil, fmt.Errorf("write the quarantine of %s: %w", m.Table, err)
		}
		result.Quarantine = []model.File{file}
	}
	return result, nil
}

// load gives the database what the model reads.
func (r *running) load(ctx context.Context) error {
	for _, table := range r.job.Model.Reads {
		if err := r.input(ctx, table); err != nil {
			return fmt.Errorf("read %s: %w", table, err)
		}
	}
	const insertDays = "insert into run.days values ($1, $2::date, $3::date)"
	for subject, spans := range r.job.Days {
		for _, span := range spans {
			if _, err := r.connection.ExecContext(ctx, insertDays, subject, span.From.String(), span.To.String()); err != nil {
				return err
			}
		}
	}
	const insertInterval = "insert into run.interval values ($1::date, $2::date)"
	if _, err := r.connection.ExecContext(ctx, insertInterval, r.job.Interval.From.String(), r.job.Interval.To.String()); err != nil {
		return err
	}
	const insertParameters = "insert into run.parameters values ($1, $2::decimal(18, 2))"
	parameters := r.job.Parameters
	_, err := r.connection.ExecContext(ctx, insertParameters, parameters.CLVExpectedMonths, parameters.CLVAcquisitionCost.String())
	return err
}

// input makes a view of the files of a table: all of some, some days of others.
func (r *running) input(ctx context.Context, table model.Table) error {
	type part struct {
		model.Within
		File string
	}
	view := struct {
		Zone, Table string
		Published   bool           // parts may be of several releases, and lack columns that came later
		Described   []model.Column // that are null where no part has them
		Whole       []string
		Parts       []part
	}{Zone: string(table.Zone), Table: table.Name, Published: table.Zone == model.Published, Described: r.job.Described[table]}
	for _, file := range r.job.Inputs[table] {
		if within, some := r.job.Within[file]; some {
			view.Parts = append(view.Parts, part{within, file})
			continue
		}
		view.Whole = append(view.Whole, file)
	}
	if len(r.job.Inputs[table]) == 0 && view.Described == nil {
		return fmt.Errorf("%s reads it, and there are no files", r.job.Model.Table)
	}
	return r.execute(ctx, "input", view)
}

// query is what the statements that make and judge the result need.
func (r *running) query() any {
	var failing []model.Check
	for _, check := range r.job.Model.Checks {
		if !check.Warn {
			failing = append(failing, check)
		}
	}
	return struct {
		Query                     string
		Errors                    []model.Check
		Key, Version, ColumnNames []string
	}{r.job.Model.Query, failing, r.job.Model.Key, r.job.Model.Version, r.columnNames()}
}

func (r *running) columnNames() []string {
	names := make([]string, len(r.job.Model.Columns))
	for i, column := range r.job.Model.Columns {
		names[i] = column.Name
	}
	return names
}

// describe compares the result's columns with those the header describes.
func (r *running) describe(ctx context.Context) ([]lake.Column, error) {
	rows, err := r.connection.QueryContext(ctx, "select column_name, column_type from (describe result)")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var columns []lake.Column
	r.types, r.scales = map[string]string{}, map[string]int{}
	for rows.Next() {
		var column lake.Column
		if err := rows.Scan(&column.Name, &column.Type); err != nil {
			return nil, err
		}
		if column.Name == "broken_rules" {
			continue
		}
		columns = append(columns, column)
		r.types[column.Name] = column.Type
		if scale, sums := scaleOf(column.Type); sums {
			r.scales[column.Name] = scale
		}
		if unportable[column.Type] {
			return nil, fmt.Errorf("column %s is %s, which other engines cannot read: cast it", column.Name, column.Type)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	if want := r.columnNames(); !slices.Equal(names, want) {
		return nil, fmt.Errorf("the query gives the columns %s, its header describes %s", names, want)
	}
	if err := r.typed(ctx); err != nil {
		return nil, err
	}
	for _, total := range r.job.Model.Totals {
		if _, sums := r.scales[total]; !sums {
			return nil, fmt.Errorf("column %s is %s, of which there is no exact sum", total, r.types[total])
		}
	}
	return columns, nil
}

// typed compares the result's columns with the types that the header says.
func (r *running) typed(ctx context.Context) error {
	for _, column := range r.job.Model.Columns {
		if column.Type == "" {
			continue
		}
		statement, err := render("type", column)
		if err != nil {
			return err
		}
		var said string
		if err := r.connection.QueryRowContext(ctx, statement).Scan(&said); err != nil {
			return fmt.Errorf("type of column %s: %w", column.Name, err)
		}
		if said != r.types[column.Name] {
			return fmt.Errorf("the query gives column %s as %s, its header says %s", column.Name, r.types[column.Name], said)
		}
	}
	return nil
}

// unportable are types that DuckDB writes to Parquet as something else.
var unportable = map[string]bool{"HUGEINT": true, "UHUGEINT": true, "FLOAT": true, "DOUBLE": true}

// scaleOf tells how many digits after the point a type has, and whether it can be summed exactly.
func scaleOf(kind string) (scale int, sums bool) {
	switch kind {
	case "SMALLINT", "INTEGER", "BIGINT":
		return 0, true
	}
	inner, found := strings.CutPrefix(kind, "DECIMAL(")
	if !found {
		return 0, false
	}
	_, digits, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	scale, err := strconv.Atoi(digits)
	return scale, err == nil
}

// check counts the rows that fail. In zone clean those that fail a check of severity error are
// in quarantine by then; elsewhere they end the run.
func (r *running) check(ctx context.Context, result *model.Result) error {
	m, from := r.job.Model, "result"
	if m.Zone == lake.Clean {
		from = "(select * from result where len(broken_rules) = 0)"
		rules, err := r.counts(ctx, "rules", nil)
		if err != nil {
			return err
		}
		result.Rules = rules
	}
	checks := m.Checks
	if m.Zone == lake.Clean {
		checks = slices.DeleteFunc(slices.Clone(checks), func(c model.Check) bool { return !c.Warn })
	}
	failures, err := r.counts(ctx, "checks", struct {
		Checks []model.Check
		From   string
		Key    []string
	}{checks, from, m.Key})
	if err != nil {
		return fmt.Errorf("check %s: %w", m.Table, err)
	}
	result.Warnings = map[string]int64{}
	failed := map[string]int64{}
	for name, rows := range failures {
		warn := slices.ContainsFunc(checks, func(c model.Check) bool { return c.Warn && c.Name == name })
		if warn {
			result.Warnings[name] = rows
		} else {
			failed[name] = rows
		}
	}
	if len(failed) > 0 {
		return &model.CheckError{Model: m.Table, Failures: failed}
	}
	return nil
}

func (r *running) writeParts(ctx context.Context, kept string) ([]model.File, error) {
	if r.job.Model.Partition == "" {
		file, err := r.write(ctx, r.job.Interval.Last().String(), false, kept, lake.Span{})
		return []model.File{file}, err
	}
	dates, err := r.dates(ctx, kept)
	if err != nil {
		return nil, err
	}
	if len(dates) == 0 {
		// A table without rows has a file, too: it says what columns there are.
		dates = lake.Partitions(r.job.Interval, []lake.Span{r.job.Interval})[:1]
	}
	var files []model.File
	for _, date := range dates {
		file, err := r.write(ctx, date.Name, false, kept, date.Span)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// write writes one file, of the days of a span or of all, and reads back what it holds.
func (r *running) write(ctx context.Context, date string, rules bool, where string, days lake.Span) (model.File, error) {
	file := model.File{Path: filepath.Join(r.job.Folder, fmt.Sprintf("%05d.parquet", r.files)), Date: date}
	r.files++
	partition := ""
	if days.Len() > 0 {
		partition = r.job.Model.Partition
	}
	err := r.execute(ctx, "write", struct {
		ColumnNames, Key []string
		Rules            bool
		Where, Path      string
		Partition        string // "" for all days
		Days             lake.Span
	}{r.columnNames(), r.job.Model.Key, rules, where, file.Path, partition, days})
	if err != nil {
		return file, err
	}
	file.Totals, err = r.totals(ctx, file.Path, "")
	return file, err
}

// totals are those of a file or, without one, of the rows of the result that are asked for.
func (r *running) totals(ctx context.Context, path, where string) (lake.Totals, error) {
	type column struct {
		Name  string
		Scale int
	}
	totals := lake.Totals{Sums: map[string]int64{}}
	var columns []column
	for _, name := range r.job.Model.Totals {
		columns = append(columns, column{name, r.scales[name]})
	}
	sums := make([]string, len(columns))
	targets := []any{&totals.Rows}
	for i := range sums {
		targets = append(targets, &sums[i])
	}
	statement, err := render("totals", struct {
		Columns     []column
		Path, Where string
	}{columns, path, where})
	if err != nil {
		return totals, err
	}
	if err := r.connection.QueryRowContext(ctx, statement).Scan(targets...); err != nil {
		return totals, err
	}
	for i, column := range columns {
		if totals.Sums[column.Name], err = strconv.ParseInt(strings.Replace(sums[i], ".", "", 1), 10, 64); err != nil {
			return totals, fmt.Errorf("sum of %s: %w", column.Name, err)
		}
	}
	return totals, nil
}

// dates are the days or months that the result has rows of.
func (r *running) dates(ctx context.Context, where string) (dates []lake.Partition, err error) {
	statement, err := render("dates", struct{ Partition, Where string }{r.job.Model.Partition, where})
	if err != nil {
		return nil, err
	}
	rows, err := r.connection.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var days []lake.Span
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			return nil, fmt.Errorf("a row has no %s: %w", r.job.Model.Partition, err)
		}
		days = append(days, lake.Span{From: lake.DayOf(at), To: lake.DayOf(at) + 1})
	}
	monthly := lake.Monthly(r.job.Interval, days)
	for _, day := range days {
		if date := day.From.Partition(monthly); len(dates) == 0 || date != dates[len(dates)-1] {
			dates = append(dates, date)
		}
	}
	return dates, rows.Err()
}

func (r *running) counts(ctx context.Context, name string, data any) (counts map[string]int64, err error) {
	statement, err := render(name, data)
	if err != nil {
		return nil, err
	}
	rows, err := r.connection.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts = map[string]int64{}
	for rows.Next() {
		var rule string
		var count int64
		if err := rows.Scan(&rule, &count); err != nil {
			return nil, err
		}
		counts[rule] = count
	}
	return counts, rows.Err()
}
