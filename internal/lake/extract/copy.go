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
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake"
	"mercado/internal/lake/pgcopy"
	"mercado/internal/store/shopdb"
)

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

// copyAll does all tasks. The transaction that exported the snapshot does them itself, so that an extract that has
// it needs no further connection to come to its end; others help it as they get free.
func (e *Extractor) copyAll(ctx context.Context, c *copying, tx pgx.Tx) error {
	queue := make(chan task, len(c.tasks))
	for _, task := range c.tasks {
		queue <- task
	}
	close(queue)
	group, ctx := errgroup.WithContext(ctx)
	waiting, doneWaiting := context.WithCancel(ctx)
	group.Go(func() error {
		defer doneWaiting() // nothing is left to help with
		for task := range queue {
			if err := e.do(ctx, c, tx, task); err != nil {
				return err
			}
		}
		return nil
	})
	for range min(parallel, len(c.tasks)) - 1 {
		group.Go(func() error {
			for len(queue) > 0 {
				if err := e.help(ctx, waiting, c, queue); err != nil {
					return err
				}
			}
			return nil
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

// help does one task of the queue, if there is one by the time that a connection is free. Then it lets go of the
// connection: another extract may wait for its first.
func (e *Extractor) help(ctx, waiting context.Context, c *copying, queue <-chan task) error {
	connection, err := e.Pool.Acquire(waiting)
	if err != nil && waiting.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	defer connection.Release()
	task, more := <-queue
	if !more {
		return nil
	}
	return reading(ctx, connection, c.exported, func(tx pgx.Tx) error { return e.do(ctx, c, tx, task) })
}

// do does a task in a transaction that reads under the exported snapshot.
func (e *Extractor) do(ctx context.Context, c *copying, tx pgx.Tx, task task) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", &task, err)
		}
	}()
	c.progress(task.source.Table, 0, int(c.done.Load()), len(c.tasks))
	queries := shopdb.New(tx)
	if err := queries.SetLakeDays(ctx, shopdb.SetLakeDaysParams{
		FromInstant: task.Span.From.Time().Format(time.RFC3339), ToInstant: task.Span.To.Time().Format(time.RFC3339),
	}); err != nil {
		return err
	}
	if err := queries.SetLakeBlocks(ctx, shopdb.SetLakeBlocksParams{First: tid(task.First), Beyond: tid(task.Beyond)}); err != nil {
		return err
	}
	if task.count {
		return c.countTotals(ctx, tx, task)
	}
	return e.copyPart(ctx, c, tx, task)
}

func (c *copying) countTotals(ctx context.Context, tx pgx.Tx, task task) error {
	table := task.source.Table
	control, err := controlTotals(ctx, tx, task.source, c.columns[table])
	if err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.tables[table].Control.Add(control)
	c.progress(table, 0, int(c.done.Add(1)), len(c.tasks))
	return nil
}

func (e *Extractor) copyPart(ctx context.Context, c *copying, tx pgx.Tx, task task) (err error) {
	table, columns := task.source.Table, c.columns[task.source.Table]
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
