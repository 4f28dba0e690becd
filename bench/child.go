package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"mercado/internal/lake"
	"mercado/internal/lake/extract"
	"mercado/internal/lake/pgcopy"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// childArgument makes this program do a piece of work and end: so its memory and processor time are
// those of the work alone.
const childArgument = "child"

// childProgram is that process among those whose processor time is counted.
const childProgram = "program"

// work is what a child does.
type work struct {
	Do       string
	Database string
	Objects  settings.ObjectStore
	Days     lake.Span
	Scratch  string
	Run      uuid.UUID // whose gold is loaded
}

// done is what it tells.
type done struct {
	Rows    int64
	Seconds float64 // of the work itself, without what had to be prepared
	PeakMiB float64
}

// What a child may do.
const (
	doExtract = "extract"
	doCopy    = "copy"
	doDecode  = "decode"
	doDiscard = "discard"
	doValues  = "values"
	doLoad    = "load"
	doCopyIn  = "copy in"
	doReady   = "ready"
)

var doings = map[string]func(*work, context.Context) (done, error){
	doExtract: (*work).extract,
	doCopy:    (*work).copyAll,
	doDecode:  (*work).decode,
	doDiscard: (*work).discard,
	doValues:  (*work).values,
	doLoad:    (*work).load,
	doCopyIn:  (*work).copyIn,
	doReady:   (*work).ready,
}

// beChild does the work that the argument describes.
func beChild(argument string) error {
	var w work
	if err := json.Unmarshal([]byte(argument), &w); err != nil {
		return err
	}
	told, err := doings[w.Do](&w, context.Background())
	if err != nil {
		return fmt.Errorf("%s: %w", w.Do, err)
	}
	if _, told.PeakMiB, err = residentMiB(os.Getpid()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

// turns has each subject done so often, in turns, and keeps what the middle one of its rounds took.
func (h *history) turns(ctx context.Context, rounds int, subjects map[string]string) error {
	measured := map[string][]cost{}
	for range rounds {
		for _, subject := range slices.Sorted(maps.Keys(subjects)) {
			h.say("  %s: %s", h.name(), subject)
			c, err := h.child(ctx, subjects[subject])
			if err != nil {
				return err
			}
			measured[subject] = append(measured[subject], c)
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(measured)) {
		costs := measured[subject]
		var took []float64
		for _, c := range costs {
			took = append(took, c.Seconds)
		}
		slices.SortFunc(costs, func(a, b cost) int { return int(1e6 * (a.Seconds - b.Seconds)) })
		middle := costs[len(costs)/2]
		middle.Rounds = took
		for _, c := range costs {
			middle.PeakMiB = max(middle.PeakMiB, c.PeakMiB)
		}
		h.keep(subject, middle)
	}
	return nil
}

// child does a piece of work in a process of its own.
func (h *history) child(ctx context.Context, do string) (cost, error) {
	w := h.work
	w.Do = do
	argument, err := json.Marshal(w)
	if err != nil {
		return cost{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	before, err := h.shop.used()
	if err != nil {
		return cost{}, err
	}
	command := exec.CommandContext(ctx, self, childArgument, string(argument))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w", do, err)
	}
	var told done
	if err := json.Unmarshal(output, &told); err != nil {
		return cost{}, err
	}
	after, err := h.shop.used()
	if err != nil {
		return cost{}, err
	}
	spent := after.since(before)
	delete(spent, generator)
	spent[childProgram] = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
	return cost{Rows: told.Rows, Seconds: told.Seconds, CPU: spent, PeakMiB: told.PeakMiB}, nil
}

func (w *work) extract(ctx context.Context) (done, error) {
	db, err := store.Open(ctx, settings.Database{URL: w.Database, MaxConns: 8})
	if err != nil {
		return done{}, err
	}
	defer db.Close()
	objects, err := lake.Open(w.Objects)
	if err != nil {
		return done{}, err
	}
	extractor := extract.Extractor{Pool: db.Pool, Store: objects, Scratch: w.Scratch}
	began := time.Now()
	snapshot, err := extractor.Run(ctx, extract.Request{
		RunID: uuid.NewString(), Interval: w.Days, Try: 1,
	}, func(string, int64, int, int) {})
	if err != nil {
		return done{}, err
	}
	told := done{Seconds: time.Since(began).Seconds()}
	for _, table := range snapshot.Tables {
		told.Rows += lake.Total(table.Parts).Rows
	}
	return told, nil
}

// copying calls do with the statement of each COPY that an extract makes, on four connections.
func (w *work) copying(ctx context.Context, only string, do func(ctx context.Context, c *pgx.Conn, table, query string) error) (time.Duration, error) {
	sources, err := extract.Sources()
	if err != nil {
		return 0, err
	}
	type task struct {
		source extract.Source
		days   lake.Span
	}
	var tasks []task
	for _, source := range sources {
		switch {
		case only != "" && source.Table != only:
		case source.Subject == "" || source.PerSpan:
			tasks = append(tasks, task{source, w.Days})
		default:
			for _, partition := range lake.Partitions(w.Days, []lake.Span{w.Days}) {
				tasks = append(tasks, task{source, partition.Span})
			}
		}
	}
	queue := make(chan task, len(tasks))
	for _, task := range tasks {
		queue <- task
	}
	close(queue)
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range 4 {
		group.Go(func() error {
			connection, err := pgx.Connect(ctx, w.Database)
			if err != nil {
				return err
			}
			defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
			for task := range queue {
				const window = `select set_config('lake.from', $1, false), set_config('lake.to', $2, false),
					set_config('lake.first', '(0,0)', false), set_config('lake.end', '(4294967295,0)', false)`
				if _, err := connection.Exec(ctx, window, task.days.From.Time().Format(time.RFC3339), task.days.To.Time().Format(time.RFC3339)); err != nil {
					return err
				}
				query, err := columnsOf(ctx, connection, &task.source)
				if err == nil {
					err = do(ctx, connection, task.source.Table, query)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", task.source.Table, err)
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return time.Since(began), err
}

// columnsOf is the query of a source, with the columns that an extract takes and no other.
func columnsOf(ctx context.Context, c *pgx.Conn, source *extract.Source) (string, error) {
	statement, err := c.Prepare(ctx, "", source.Query)
	if err != nil {
		return "", err
	}
	var columns []string
	for _, field := range statement.Fields {
		if !slices.Contains(source.Without, field.Name) {
			columns = append(columns, pgx.Identifier{field.Name}.Sanitize())
		}
	}
	return "select " + strings.Join(columns, ", ") + " from (" + source.Query + ") as source", nil
}

func copyOut(query string) string { return "copy (" + query + ") to stdout (format binary)" }

func (w *work) copyAll(ctx context.Context) (done, error) { return w.discarded(ctx, "") }
func (w *work) discard(ctx context.Context) (done, error) { return w.discarded(ctx, "stock_ledger") }

func (w *work) discarded(ctx context.Context, only string) (done, error) {
	var rows atomic.Int64
	took, err := w.copying(ctx, only, func(ctx context.Context, c *pgx.Conn, _, query string) error {
		tag, err := c.PgConn().CopyTo(ctx, io.Discard, copyOut(query))
		rows.Add(tag.RowsAffected())
		return err
	})
	return done{Rows: rows.Load(), Seconds: took.Seconds()}, err
}

// ledger is the stock ledger without the column that a lake has no use for: ten columns.
func ledger(query string) string {
	return `select id, product_id, kind, on_hand_delta, reserved_delta, reason, reference_type, reference_id, occurred_at,
		recorded_at from (` + query + ") as ledger"
}

func (w *work) decode(ctx context.Context) (done, error) {
	var rows, files atomic.Int64
	took, err := w.copying(ctx, "stock_ledger", func(ctx context.Context, c *pgx.Conn, table, query string) error {
		statement, err := c.Prepare(ctx, "", ledger(query))
		if err != nil {
			return err
		}
		columns, err := pgcopy.Columns(statement.Fields)
		if err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(w.Scratch, strconv.FormatInt(files.Add(1), 10)+".parquet"))
		if err != nil {
			return err
		}
		decoder := pgcopy.NewDecoder(file, table, columns, nil)
		if _, err := c.PgConn().CopyTo(ctx, decoder, copyOut(ledger(query))); err != nil {
			return err
		}
		rows.Add(decoder.Rows())
		return errors.Join(decoder.Close(), file.Close(), os.Remove(file.Name()))
	})
	return done{Rows: rows.Load(), Seconds: took.Seconds()}, err
}

// values is how it is done without thinking of it: each row a slice, each field an any.
func (w *work) values(ctx context.Context) (done, error) {
	var rows atomic.Int64
	took, err := w.copying(ctx, "stock_ledger", func(ctx context.Context, c *pgx.Conn, table, query string) error {
		statement, err := c.Prepare(ctx, "", ledger(query))
		if err != nil {
			return err
		}
		columns, err := pgcopy.Columns(statement.Fields)
		if err != nil {
			return err
		}
		writer := parquet.NewGenericWriter[any](io.Discard, pgcopy.Schema(table, columns), parquet.Compression(&parquet.Snappy))
		found, err := c.Query(ctx, ledger(query))
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			values, err := found.Values()
			if err != nil {
				return err
			}
			row := map[string]any{}
			for i, column := range columns {
				row[column.Name] = values[i]
				if at, is := values[i].(time.Time); is {
					row[column.Name] = at.UnixMicro()
				}
			}
			if _, err := writer.Write([]any{row}); err != nil {
				return err
			}
			rows.Add(1)
		}
		return errors.Join(found.Err(), writer.Close())
	})
	return done{Rows: rows.Load(), Seconds: took.Seconds()}, err
}
