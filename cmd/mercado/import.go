package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"mercado/internal/productfile"
	"mercado/internal/settings"
	"mercado/internal/store"
	"mercado/internal/store/shopdb"
	"mercado/internal/temporal"
	"mercado/runs"
	"mercado/workflows"
)

// ImportCmd loads products from a CSV file.
type ImportCmd struct {
	settings.Database
	settings.Temporal
	File   string `arg:"" type:"existingfile" help:"CSV with a header; /dev/stdin reads a pipe."`
	Vendor int64  `name:"vendor" placeholder:"ID" help:"Whose products these are, where rows do not say."`
	DryRun bool   `name:"dry-run" xor:"do" help:"Tell what the import would do, and write nothing (the default)."`
	Apply  bool   `name:"apply" xor:"do" help:"Write the products."`
}

// Help is shown by `mercado import --help`.
func (c *ImportCmd) Help() string {
	return "The file is what POST /api/catalog/imports takes. Bad rows are told with their line and reason; good ones are loaded. " +
		"A worker does it: after Ctrl-C while the file is read nothing is left of it, later the import goes on alone. Ends with " +
		"exit code 0 when every row was good, 3 when some were refused, 1 when the file could not be imported."
}

// mostImports of one vendor may be under way before an operator is told to wait: more than the API lets
// a vendor have.
const mostImports = 100

// importReport is what became of a file; what is wrong with its rows is printed beside it.
type importReport struct {
	ID           uuid.UUID `json:"id"`
	VendorID     *int64    `json:"vendor_id"`
	DryRun       bool      `json:"dry_run"`
	State        string    `json:"state"`
	Error        *string   `json:"error"`
	RowsRead     int64     `json:"rows_read"`
	RowsCreated  int64     `json:"rows_created"`
	RowsUpdated  int64     `json:"rows_updated"`
	RowsRejected int64     `json:"rows_rejected"`
}

// rejectedRowsError tells that an import ended without some rows.
type rejectedRowsError struct{ rows int64 }

func (e *rejectedRowsError) Error() string { return fmt.Sprintf("%d rows were refused", e.rows) }

// Run implements the command.
func (c *ImportCmd) Run(ctx context.Context, g *Globals) error {
	if c.Vendor < 0 {
		return &settings.Error{Setting: "--vendor", Problem: "must be the id of a vendor"}
	}
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	queue := c.TaskQueuePrefix + workflows.OrdersQueue
	if err := db.AwaitWorker(ctx, queue, runs.WorkerGrace); err != nil {
		return err
	}
	reach, cancel := context.WithTimeout(ctx, runs.WorkerGrace)
	defer cancel()
	servers, err := temporal.Dial(reach, c.Temporal)
	if err != nil {
		return err
	}
	defer servers.Close()

	id, err := c.keepFile(ctx, db)
	if err != nil {
		return err
	}
	// Should this fail, a worker finds the import and starts it.
	if _, err := workflows.StartImport(ctx, servers, queue, id); err != nil {
		slog.Warn("the import is left to the workers", "import", id, "error", err)
	}
	ended, err := awaitImport(ctx, g, db, queue, id)
	if err != nil {
		_, _ = fmt.Fprintf(g.stderr, "no longer waiting; the import goes on: GET /api/catalog/imports/%s\n", id)
		return err
	}
	return c.report(ctx, g, db, ended)
}

// keepFile hands the file to the shop, whole or not at all.
func (c *ImportCmd) keepFile(ctx context.Context, db *store.DB) (uuid.UUID, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return uuid.Nil, err
	}
	defer func() { _ = file.Close() }()
	// A pipe may say nothing for ever.
	defer context.AfterFunc(ctx, func() { _ = file.Close() })()
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	added := store.NewImport{ID: id, DryRun: !c.Apply, Unfinished: mostImports}
	if c.Vendor != 0 {
		added.VendorID = &c.Vendor
	}
	err = db.AddImport(ctx, added, file)
	switch {
	case ctx.Err() != nil:
		return uuid.Nil, ctx.Err()
	case errors.Is(err, store.ErrUnknownVendor):
		return uuid.Nil, &settings.Error{Setting: "--vendor", Problem: fmt.Sprintf("names no vendor of this shop: %d", c.Vendor)}
	}
	return id, err
}

// awaitImport returns when the import has ended, or when there has been no worker for runs.WorkerGrace.
func awaitImport(ctx context.Context, g *Globals, db *store.DB, queue string, id uuid.UUID) (shopdb.CatalogImport, error) {
	show, hide := importProgress(g.stderr)
	defer hide()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for lastSeen := time.Now(); ; {
		now, err := db.Import(ctx, id, nil)
		if err == nil {
			show(now)
		}
		if err == nil && now.FinishedAt != nil {
			return now, nil
		}
		if workers, err := db.WorkersAnnounced(ctx, queue); err != nil || workers > 0 {
			lastSeen = time.Now() // a database that is away says nothing of workers
		}
		if time.Since(lastSeen) > runs.WorkerGrace {
			return now, fmt.Errorf("nobody serves the queue %s any more: start `mercado worker`", queue)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// importProgress draws a bar on a terminal, and nothing elsewhere.
func importProgress(stderr io.Writer) (show func(shopdb.CatalogImport), hide func()) {
	terminal, ok := stderr.(*os.File)
	if !ok || !isatty.IsTerminal(terminal.Fd()) {
		return func(shopdb.CatalogImport) {}, func() {}
	}
	bar := progressbar.NewOptions64(100, progressbar.OptionSetWriter(terminal), progressbar.OptionClearOnFinish())
	return func(now shopdb.CatalogImport) {
		bar.Describe(fmt.Sprintf("%d rows, %d refused", now.RowsRead, now.RowsRejected))
		_ = bar.Set64(now.Position * 100 / max(1, now.Bytes)) // drawing may fail, the import goes on
	}, func() { _ = bar.Finish() }
}

// report prints how an import ended; that rows were refused, or the whole file, is an error.
func (c *ImportCmd) report(ctx context.Context, g *Globals, db *store.DB, ended shopdb.CatalogImport) error {
	report := importReport{
		ID: ended.ID, VendorID: ended.VendorID, DryRun: ended.DryRun, State: ended.State, Error: ended.Error,
		RowsRead: ended.RowsRead, RowsCreated: ended.RowsCreated, RowsUpdated: ended.RowsUpdated, RowsRejected: ended.RowsRejected,
	}
	out := bufio.NewWriter(g.stdout)
	show := printImport
	if g.Output == "json" {
		show = encodeImport
	}
	if err := errors.Join(show(out, report, problemsOf(ctx, db, ended.ID)), out.Flush()); err != nil {
		return err
	}
	switch {
	case ended.State == "failed" && ended.Error != nil:
		return errors.New(*ended.Error)
	case ended.State == "failed":
		return errors.New("the import failed")
	case ended.RowsRejected > 0:
		return &rejectedRowsError{ended.RowsRejected}
	}
	return nil
}

// problemsOf goes through what is wrong with the rows of an import, page by page: every row of a file may
// be wrong. An error is the last.
func problemsOf(ctx context.Context, db *store.DB, id uuid.UUID) iter.Seq2[productfile.Problem, error] {
	return func(yield func(productfile.Problem, error) bool) {
		asked := shopdb.ListImportProblemsParams{ImportID: id, RowLimit: 1000}
		for {
			page, err := db.ListImportProblems(ctx, asked)
			if err != nil {
				yield(productfile.Problem{}, fmt.Errorf("read what is wrong with rows: %w", err))
				return
			}
			for _, wrong := range page {
				if !yield(productfile.Problem(wrong), nil) {
					return
				}
			}
			if len(page) < int(asked.RowLimit) {
				return
			}
			last := page[len(page)-1]
			asked.AfterLine, asked.AfterField, asked.AfterMessage = &last.Line, &last.Field, &last.Message
		}
	}
}

func printImport(w io.Writer, report importReport, problems iter.Seq2[productfile.Problem, error]) error {
	headed := false
	for wrong, err := range problems {
		if err != nil {
			return err
		}
		if !headed {
			headed = true
			fmt.Fprintf(w, "%8s  %-12s  %s\n", "LINE", "COLUMN", "REASON")
		}
		fmt.Fprintf(w, "%8d  %-12s  %s\n", wrong.Line, wrong.Field, wrong.Message)
	}
	tense := ""
	if report.DryRun {
		tense = "would be "
	}
	_, err := fmt.Fprintf(w, "import %s %s: %d rows read, %s%d created, %d updated, %d refused\n",
		report.ID, report.State, report.RowsRead, tense, report.RowsCreated, report.RowsUpdated, report.RowsRejected)
	if report.DryRun && err == nil {
		_, err = fmt.Fprintln(w, "nothing was written: --apply writes it")
	}
	return err
}

// encodeImport writes the report as one JSON document with the problems as "errors", one at a time.
func encodeImport(w io.Writer, report importReport, problems iter.Seq2[productfile.Problem, error]) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s,\n  \"errors\": [", bytes.TrimSuffix(text, []byte("\n}")))
	between, end := "\n    ", "]\n}"
	for wrong, err := range problems {
		if err != nil {
			return err
		}
		text, err := json.Marshal(wrong)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s%s", between, text)
		between, end = ",\n    ", "\n  ]\n}"
	}
	_, err = fmt.Fprintln(w, end)
	return err
}
