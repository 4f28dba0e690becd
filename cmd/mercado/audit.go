package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"mercado/internal/audit"
	"mercado/internal/payment"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// AuditCmd proves that stock and money add up.
type AuditCmd struct {
	settings.Database
	settings.Shop
	settings.Limits
	Provider bool          `name:"provider" help:"Ask the payment provider as well what it has captured and refunded."`
	Since    time.Duration `name:"provider-since" default:"168h" help:"With --provider: ask about payments that changed within this time."`
}

// Help is shown by `mercado audit --help`.
func (c *AuditCmd) Help() string {
	return "Repairs nothing. All checks see one snapshot of the database, so traffic may go on. What is found is " +
		"kept and shown by GET /api/admin/audit as well. Ends with exit code 0 when everything adds up, 3 when there are " +
		"differences, 1 when it could not tell."
}

// differencesError tells that an audit has found something.
type differencesError struct{ found int64 }

func (e *differencesError) Error() string {
	return fmt.Sprintf("%d differences: see docs/runbooks/audit.md", e.found)
}

// Run implements the command.
func (c *AuditCmd) Run(ctx context.Context, g *Globals) error {
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if err := audit.Begin(ctx, db, id, audit.Command, ""); err != nil {
		return err
	}
	report, err := c.look(ctx, g, db, id)
	if err == nil {
		err = audit.Finish(ctx, db, id)
	}
	if err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if failed := audit.Fail(closing, db, id, "the command could not make all of it"); failed != nil {
			slog.Warn("cannot keep that the audit failed", "error", failed)
		}
		return err
	}
	if err := g.print(report, func(w io.Writer) error { return printAudit(w, report) }); err != nil {
		return err
	}
	if !report.Clean() {
		return &differencesError{report.Differences}
	}
	return nil
}

func (c *AuditCmd) look(ctx context.Context, g *Globals, db *store.DB, id uuid.UUID) (*audit.Report, error) {
	show, hide := auditProgress(g.stderr)
	defer hide()
	report, err := audit.Run(ctx, db, id, c.Limits, show)
	if err != nil {
		return nil, err
	}
	if err := audit.Keep(ctx, db, report); err != nil || !c.Provider {
		return report, err
	}
	result, err := audit.AskProviders(ctx, db, payment.Open(c.Shop), time.Now().Add(-c.Since))
	if err != nil {
		return nil, err
	}
	report.Add(result)
	return report, audit.KeepOne(ctx, db, id, result)
}

// auditProgress draws a bar of the checks on a terminal, and nothing elsewhere.
func auditProgress(stderr io.Writer) (show audit.Progress, hide func()) {
	terminal, ok := stderr.(*os.File)
	if !ok || !isatty.IsTerminal(terminal.Fd()) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(terminal), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	return func(check audit.Check, done, all int) {
		bar.ChangeMax(all)
		bar.Describe(fmt.Sprintf("%-24s", check.Name))
		_ = bar.Set(done) // drawing may fail, the audit goes on
	}, func() { _ = bar.Finish() }
}

func printAudit(w io.Writer, report *audit.Report) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CHECK\tDIFFERENCES\tSECONDS\tPROVES")
	for _, result := range report.Results {
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%s\n", result.Name, result.Differences, result.Seconds, result.Proves)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, result := range report.Results {
		if result.Differences == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s (%s): %d differences\n", result.Name, result.Severity, result.Differences)
		for _, found := range result.Found {
			fmt.Fprintf(w, "  %s %s %s\n", result.Subject, found.SubjectID, found.Details)
		}
		if more := result.Differences - int64(len(result.Found)); more > 0 {
			fmt.Fprintf(w, "  … and %d more\n", more)
		}
	}
	_, err := fmt.Fprintf(w, "\naudit %s of %s: %d differences\n", report.ID, report.SnapshotAt.UTC().Format(time.RFC3339), report.Differences)
	return err
}
