package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"mercado/internal/devstack"
	"mercado/internal/lake"
	"mercado/internal/settings"
)

// What the lake's figures are named.
const (
	extractName = "extract: all tables to raw, counted and uploaded"
	copyName    = "COPY of the same queries, thrown away"
	decodeName  = "stock ledger: COPY decoded to Parquet"
	ledgerName  = "stock ledger: COPY, thrown away"
	valuesName  = "stock ledger: rows.Values() to a generic Parquet writer"
	loadName    = "load: gold sales to a staging table"
	copyInName  = "COPY FROM of the same rows, into a table alike"
	runName     = "the whole run"
	replayName  = "a replay of it, nothing changed"
)

// The days of which a history has orders.
var historyDays = lake.Span{From: 20028, To: 20758} // 2024-11-01, 730 days

// lake loads histories of two sizes: ten times the order lines of ten times the customers and products.
func (b *bench) lake(ctx context.Context) error {
	if err := b.servers.startObjects(ctx); err != nil {
		return err
	}
	var histories []*history
	for _, lines := range b.lines {
		h := &history{bench: b, lines: lines, costs: map[string]cost{}}
		if err := h.measure(ctx); err != nil {
			return fmt.Errorf("%d lines: %w", lines, err)
		}
		histories = append(histories, h)
	}
	small, large := histories[0].costs[runName], histories[len(histories)-1].costs[runName]
	b.result.target(fmt.Sprintf("seconds of the whole run, %s over %s", large.Case, small.Case), large.Seconds/small.Seconds, atMost, 11)
	return nil
}

// history is a shop with so many order lines, and what was measured of it.
type history struct {
	*bench
	lines int
	shop  *shop
	work  work
	costs map[string]cost
}

// rounds is how often work is done in turns with its baseline. That of many millions takes minutes each time,
// over which what else the machine does evens out.
func (h *history) rounds() int {
	if h.lines >= 5_000_000 {
		return 1
	}
	return 3
}

func (h *history) name() string { return fmt.Sprintf("%d lines", h.lines) }

func (h *history) measure(ctx context.Context) (err error) {
	prefix := fmt.Sprintf("lake%d-", h.lines)
	objects := h.servers.objects.Settings()
	objects.BucketPrefix = prefix
	if err := devstack.EnsureBuckets(ctx, objects); err != nil {
		return err
	}
	database := strings.TrimSuffix(prefix, "-")
	if h.shop, err = h.servers.openShop(ctx, database, nil, settings.Environ(objects)...); err != nil {
		return err
	}
	// The next history needs the room on the disk.
	defer func() { err = errors.Join(err, h.shop.close(), h.remove(context.WithoutCancel(ctx), database)) }()
	scratch, err := os.MkdirTemp(h.servers.home, "lake-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	h.work = work{Database: h.servers.postgres.URL(database), Objects: objects, Days: historyDays, Scratch: scratch}
	if err := h.write(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{h.extracts, h.decodes, h.runs, h.loads} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// write fills the shop, in portions that two connections write.
func (h *history) write(ctx context.Context) error {
	const portion = 40_000 // orders
	orders, products, customers := h.lines*2/5, max(h.lines/5000, 50), max(h.lines/100, 100)
	h.say("writing a history of %d order lines", h.lines)
	pool := h.shop.db.Pool
	if _, err := pool.Exec(ctx, historyCatalogue, customers, products); err != nil {
		return fmt.Errorf("write the catalogue: %w", err)
	}
	var group errgroup.Group
	group.SetLimit(2)
	for first := 1; first <= orders; first += portion {
		group.Go(func() error {
			connection, err := pool.Acquire(ctx)
			if err != nil {
				return err
			}
			defer connection.Release()
			// Rows are right by themselves; triggers and references would only be looked at.
			if _, err := connection.Exec(ctx, "set session_replication_role = replica"); err != nil {
				return err
			}
			_, err = connection.Exec(ctx, historyOrders, first, min(first+portion-1, orders), orders, customers, products)
			_, undo := connection.Exec(ctx, "reset session_replication_role")
			return errors.Join(err, undo)
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("write orders: %w", err)
	}
	_, err := pool.Exec(ctx, "vacuum analyze")
	return err
}

func (h *history) remove(ctx context.Context, database string) error {
	connection, err := pgx.Connect(ctx, h.servers.postgres.URL("postgres"))
	if err == nil {
		_, err = connection.Exec(ctx, "drop database "+pgx.Identifier{database}.Sanitize()+" with (force)")
		err = errors.Join(err, connection.Close(ctx))
	}
	failures := []error{err}
	for _, zone := range devstack.Zones {
		failures = append(failures, os.RemoveAll(filepath.Join(h.servers.home, "minio", h.work.Objects.BucketPrefix+zone)))
	}
	return errors.Join(failures...)
}

// extracts measures the extract beside the COPY of the same queries.
func (h *history) extracts(ctx context.Context) error {
	if err := h.turns(ctx, h.rounds(), map[string]string{extractName: doExtract, copyName: doCopy}); err != nil {
		return err
	}
	extract, copied := h.costs[extractName], h.costs[copyName]
	h.result.target(h.name()+": seconds of the extract, over COPY of the same queries", extract.Seconds/copied.Seconds, atMost, 2)
	h.result.target(h.name()+": peak MiB of the extract", extract.PeakMiB, atMost, 512)
	return nil
}

// decodes measures what decoding costs a row, on the stock ledger, which has ten columns.
func (h *history) decodes(ctx context.Context) error {
	if err := h.turns(ctx, 1, map[string]string{decodeName: doDecode, ledgerName: doDiscard, valuesName: doValues}); err != nil {
		return err
	}
	decoded, values := h.costs[decodeName], h.costs[valuesName]
	perMillion := func(c cost) float64 { return c.CPU[childProgram] / float64(c.Rows) * 1e6 }
	h.result.target(h.name()+": CPU seconds of decoding a million rows of 10 columns", perMillion(decoded), atMost, 1.5)
	h.result.note(h.name()+": CPU seconds of rows.Values() and a generic writer, over decoding", perMillion(values)/perMillion(decoded))
	return nil
}

// loads measures staging beside COPY FROM of the same rows.
func (h *history) loads(ctx context.Context) error {
	if _, err := h.child(ctx, doReady); err != nil {
		return err
	}
	if err := h.turns(ctx, h.rounds(), map[string]string{loadName: doLoad, copyInName: doCopyIn}); err != nil {
		return err
	}
	h.result.target(h.name()+": seconds of loading sales, over COPY FROM of the same rows",
		h.costs[loadName].Seconds/h.costs[copyInName].Seconds, atMost, 1.5)
	return nil
}

// runs measures a run from Postgres to what is published, and its replay.
func (h *history) runs(ctx context.Context) error {
	if err := h.shop.start("worker"); err != nil {
		return err
	}
	run, err := h.command(ctx, runName, "etl", "run", "--from", historyDays.From.String(), "--to", historyDays.To.String(), "--output", "json")
	if err != nil {
		return err
	}
	if _, err := h.command(ctx, replayName, "etl", "replay", run.String(), "--from", "clean", "--output", "json"); err != nil {
		return err
	}
	h.work.Run = run
	h.result.target(h.name()+": peak MiB of the worker", h.costs[replayName].PeakMiB, atMost, 1024)
	share := h.costs[replayName].Seconds / h.costs[runName].Seconds
	const replayed = ": seconds of the replay, over the run"
	if h.lines < 10_000_000 { // starting its steps takes a second or two, whatever they do
		h.result.note(h.name()+replayed, share)
	} else {
		h.result.target(h.name()+replayed, share, atMost, 0.05)
	}
	return nil
}

// command measures a command of mercado that carries out a run. What it takes itself is little.
func (h *history) command(ctx context.Context, subject string, arguments ...string) (uuid.UUID, error) {
	h.say("  %s: %s", h.name(), subject)
	before, err := h.shop.used()
	if err != nil {
		return uuid.UUID{}, err
	}
	command := exec.CommandContext(ctx, h.shop.program, arguments...)
	command.Env, command.Stderr = h.shop.settings, os.Stderr
	began := time.Now()
	output, err := command.Output()
	if err != nil {
		return uuid.UUID{}, fmt.Errorf("mercado %s: %w: %s", strings.Join(arguments, " "), err, output)
	}
	took := time.Since(began).Seconds()
	after, err := h.shop.used()
	if err != nil {
		return uuid.UUID{}, err
	}
	_, peak, err := residentMiB(h.shop.running["worker"].PID())
	if err != nil {
		return uuid.UUID{}, err
	}
	var run struct {
		ID    uuid.UUID `json:"id"`
		Rows  int64     `json:"rows_published"`
		Steps []runStep `json:"steps"`
	}
	if err := json.Unmarshal(output, &run); err != nil {
		return uuid.UUID{}, fmt.Errorf("%w: %s", err, output)
	}
	h.keep(subject, cost{Rows: run.Rows, Seconds: took, Rounds: []float64{took}, CPU: after.since(before), PeakMiB: peak})
	h.keepSteps(subject, run.Steps)
	return run.ID, nil
}

// runStep is a step of a run as mercado tells of it.
type runStep struct {
	Execution int     `json:"execution"`
	Step      string  `json:"step"`
	Table     string  `json:"table"`
	RowsOut   int64   `json:"rows_out"`
	Seconds   float64 `json:"seconds"`
}

// keepSteps keeps the steps of the last execution that took a second or more.
func (h *history) keepSteps(subject string, steps []runStep) {
	last := 0
	for _, step := range steps {
		last = max(last, step.Execution)
	}
	for _, step := range steps {
		if step.Execution == last && step.Seconds >= 1 && (step.Step != "extract" || step.Table == "") {
			name := strings.TrimSpace(subject + ": " + step.Step + " " + step.Table)
			h.keep(name, cost{Rows: step.RowsOut, Seconds: step.Seconds, Rounds: []float64{step.Seconds}})
		}
	}
}

func (h *history) keep(subject string, c cost) {
	c.Case, c.Subject = h.name(), subject
	h.costs[subject] = c
	h.result.Costs = append(h.result.Costs, c)
}
