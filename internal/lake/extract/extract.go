package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake"
	"mercado/internal/lake/pgcopy"
	"mercado/internal/store/shopdb"
)

// parallel is how many connections read under the snapshot at once.
const parallel = 4

// Extractor copies the shop to zone raw.
type Extractor struct {
	Pool    *pgxpool.Pool
	Store   *lake.Store
	Scratch string // a folder for files on their way
}

// Request says what to extract.
type Request struct {
	RunID    string
	Interval lake.Span
	Baseline *lake.Mark // days changed since then are extracted as well; nil for none
	Try      int        // numbers the tries of one extract, so that no two write the same object
}

// Progress is told how far an extract has come; it may be called from several goroutines.
type Progress func(table string, rows int64, done, all int)

// Run extracts, freezes zone raw and returns what it froze. When the run's extract has been
// frozen before, it returns that and reads nothing.
func (e *Extractor) Run(ctx context.Context, request Request, progress Progress) (*lake.Snapshot, error) {
	if frozen, err := e.Store.Frozen(ctx, request.RunID); err != nil {
		return nil, err
	} else if frozen != nil {
		return e.Store.Freeze(ctx, frozen)
	}
	all, err := Sources()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(e.Scratch, "extract-")
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	snapshot := &lake.Snapshot{RunID: request.RunID, Interval: request.Interval}
	err = e.under(ctx, snapshot, request.Baseline, func(exported string) error {
		return e.copyAll(ctx, &copying{
			snapshot: snapshot, sources: all, exported: exported, folder: folder,
			try: request.Try, progress: progress,
		})
	})
	if err != nil {
		return nil, err
	}
	return e.Store.Freeze(ctx, snapshot)
}

// under opens the one transaction whose snapshot everything is read under, plans the days, and
// calls read while it is open.
func (e *Extractor) under(ctx context.Context, snapshot *lake.Snapshot, baseline *lake.Mark, read func(exported string) error) error {
	return pgx.BeginTxFunc(ctx, e.Pool, readOnly, func(tx pgx.Tx) error {
		queries := shopdb.New(tx)
		opened, err := queries.ExportSnapshot(ctx)
		if err != nil {
			return fmt.Errorf("open the snapshot: %w", err)
		}
		snapshot.Mark = lake.Mark{Snapshot: opened.Snapshot, SystemID: opened.SystemID}
		// Transaction ids of another database system say nothing about this one.
		if baseline != nil && baseline.SystemID == opened.SystemID {
			snapshot.Baseline = baseline
		}
		if snapshot.Days, err = planDays(ctx, queries, snapshot.Interval, snapshot.Baseline); err != nil {
			return err
		}
		return read(opened.Exported)
	})
}

var readOnly = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// copying is one extract at work.
type copying struct {
	snapshot *lake.Snapshot
	sources  []Source
	exported string
	folder   string
	try      int
	progress Progress

	columns map[string][]pgcopy.Column
	tasks   []task
	done    atomic.Int64
	mutex   sync.Mutex // guards the manifests
	tables  map[string]*lake.Manifest
}

// task is one COPY: a table's partition.
type task struct {
	source *Source
	lake.Partition
	number int // of the part within the table
}

func (e *Extractor) copyAll(ctx context.Context, c *copying) error {
	if err := e.checkContracts(ctx, c); err != nil {
		return err
	}
	c.plan()
	queue := make(chan task, len(c.tasks))
	for _, task := range c.tasks {
		queue <- task
	}
	close(queue)
	group, ctx := errgroup.WithContext(ctx)
	for range min(parallel, len(c.tasks)) {
		group.Go(func() error {
			return e.reading(ctx, c.exported, func(tx pgx.Tx) error {
				for task := range queue {
					if err := e.copyPart(ctx, c, tx, task); err != nil {
						return fmt.Errorf("extract %s of %s: %w", task.source.Table, task.Name, err)
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, source := range c.sources {
		manifest := c.tables[source.Table]
		slices.SortFunc(manifest.Parts, func(a, b lake.Part) int { return strings.Compare(a.Key, b.Key) })
		c.snapshot.Tables = append(c.snapshot.Tables, manifest)
	}
	return nil
}

// reading calls do with a transaction that reads under the exported snapshot.
func (e *Extractor) reading(ctx context.Context, exported string, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, e.Pool, readOnly, func(tx pgx.Tx) error {
		// The statement takes no parameters; the name came from Postgres.
		if _, err := tx.Exec(ctx, "set transaction snapshot '"+exported+"'"); err != nil {
			return fmt.Errorf("join the snapshot: %w", err)
		}
		return do(tx)
	})
}

func (e *Extractor) checkContracts(ctx context.Context, c *copying) error {
	c.columns = map[string][]pgcopy.Column{}
	c.tables = map[string]*lake.Manifest{}
	return e.reading(ctx, c.exported, func(tx pgx.Tx) error {
		for i := range c.sources {
			source := &c.sources[i]
			statement, err := tx.Prepare(ctx, "source_"+source.Table, source.Query)
			if err != nil {
				return refused(source.Table, err)
			}
			found, err := pgcopy.Columns(statement.Fields)
			if err != nil {
				return &ContractError{Table: source.Table, Problems: []string{err.Error()}}
			}
			columns, unknown, err := source.check(found)
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
	})
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

// plan cuts every table into its COPYs.
func (c *copying) plan() {
	whole := lake.Partition{Name: c.snapshot.Interval.Last().String(), Span: c.snapshot.Interval}
	for i := range c.sources {
		source := &c.sources[i]
		partitions := []lake.Partition{whole}
		if source.Subject != "" {
			spans := c.snapshot.Days[source.Subject]
			partitions = lake.Partitions(spans)
			if source.PerSpan {
				partitions = nil
				for _, span := range spans {
					partitions = append(partitions, lake.Partition{Name: span.From.String(), Span: span})
				}
			}
		}
		for number, partition := range partitions {
			c.tasks = append(c.tasks, task{source: source, Partition: partition, number: number})
		}
	}
}

func (e *Extractor) copyPart(ctx context.Context, c *copying, tx pgx.Tx, task task) (err error) {
	table, columns := task.source.Table, c.columns[task.source.Table]
	c.progress(table, 0, int(c.done.Load()), len(c.tasks))
	if err := shopdb.New(tx).SetLakeDays(ctx, shopdb.SetLakeDaysParams{
		FromInstant: task.Span.From.Time().Format(time.RFC3339), ToInstant: task.Span.To.Time().Format(time.RFC3339),
	}); err != nil {
		return err
	}
	control, err := controlTotals(ctx, tx, task.source, columns)
	if err != nil {
		return fmt.Errorf("control totals: %w", err)
	}
	path := filepath.Join(c.folder, fmt.Sprintf("%s-%05d.parquet", table, task.number))
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(path)) }()
	decoder := pgcopy.NewDecoder(file, table, columns, func(rows int64) {
		c.progress(table, rows, int(c.done.Load()), len(c.tasks))
	})
	_, err = tx.Conn().PgConn().CopyTo(ctx, decoder, task.source.copyStatement(columns))
	if err == nil {
		err = decoder.Close()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	key := c.tables[table].PartKey(task.Name, task.number, c.try)
	part, err := e.Store.UploadPart(ctx, lake.Raw, key, path, lake.Totals{Rows: decoder.Rows(), Sums: decoder.Sums()})
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	manifest := c.tables[table]
	manifest.Parts = append(manifest.Parts, part)
	manifest.Control.Add(control)
	c.progress(table, part.Rows, int(c.done.Add(1)), len(c.tasks))
	return nil
}

func controlTotals(ctx context.Context, tx pgx.Tx, source *Source, columns []pgcopy.Column) (lake.Totals, error) {
	totals := lake.Totals{Sums: map[string]int64{}}
	texts := []string{""}
	for _, column := range columns {
		if column.Sums() {
			texts = append(texts, "")
		}
	}
	targets := make([]any, len(texts))
	for i := range texts {
		targets[i] = &texts[i]
	}
	if err := tx.QueryRow(ctx, source.controlStatement(columns)).Scan(targets...); err != nil {
		return totals, err
	}
	var err error
	if totals.Rows, err = strconv.ParseInt(texts[0], 10, 64); err != nil {
		return totals, err
	}
	next := 1
	for _, column := range columns {
		if !column.Sums() {
			continue
		}
		if totals.Sums[column.Name], err = strconv.ParseInt(texts[next], 10, 64); err != nil {
			return totals, fmt.Errorf("sum of %s: %w", column.Name, err)
		}
		next++
	}
	return totals, nil
}
