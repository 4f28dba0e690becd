package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"mercado/internal/seed"
	"mercado/internal/settings"
	"mercado/internal/store"
)

// SeedCmd fills an empty shop with two years of history.
type SeedCmd struct {
	settings.Database
	Seed    uint64 `name:"seed" default:"1" help:"The same number gives the same rows."`
	Scale   int    `name:"scale" default:"1" help:"Multiplies people, vendors, products, orders and reviews."`
	IfEmpty bool   `name:"if-empty" help:"Do nothing, and succeed, where the shop holds anything."`
	Until   string `name:"until" placeholder:"DAY" help:"The first day (UTC, yyyy-mm-dd) without history (default: today)."`
}

// Run implements the command.
func (c *SeedCmd) Run(ctx context.Context, g *Globals) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	options.Progress = progress(g.stderr)
	began := time.Now()
	summary, err := seed.Run(ctx, db.Pool, options)
	if c.IfEmpty && errors.Is(err, seed.ErrNotEmpty) {
		slog.Info("nothing seeded", "reason", err)
		return nil
	}
	if err != nil {
		return err
	}
	took := time.Since(began)
	return g.print(summary, func(w io.Writer) error { return printSeeded(w, summary, took) })
}

func (c *SeedCmd) options() (seed.Options, error) {
	options := seed.Options{Seed: c.Seed, Scale: c.Scale}
	if c.Scale < 1 {
		return options, &settings.Error{Setting: "--scale", Problem: "must be at least 1"}
	}
	if c.Until == "" {
		return options, nil
	}
	until, err := time.Parse(time.DateOnly, c.Until)
	if err != nil {
		return options, &settings.Error{Setting: "--until", Problem: fmt.Sprintf("must be a day like 2026-11-20, not %q", c.Until)}
	}
	if until.After(time.Now()) {
		return options, &settings.Error{Setting: "--until", Problem: "must not be in the future"}
	}
	options.Until = until
	return options, nil
}

// progress draws a bar on a terminal and is nil elsewhere.
func progress(stderr io.Writer) func(table string, written, total int64) {
	terminal, ok := stderr.(*os.File)
	if !ok || !isatty.IsTerminal(terminal.Fd()) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(table string, written, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total,
				progressbar.OptionSetWriter(terminal), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		}
		bar.Describe(table)
		_ = bar.Set64(written) // drawing may fail, seeding goes on
	}
}

func printSeeded(w io.Writer, summary seed.Summary, took time.Duration) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, counted := range summary.Tables {
		fmt.Fprintf(table, "%d\t  %s\n", counted.Rows, counted.Table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "history from %s up to %s, seed %d, scale %d, in %s\n",
		summary.From.Format(time.DateOnly), summary.Until.AddDate(0, 0, -1).Format(time.DateOnly),
		summary.Seed, summary.Scale, took.Round(time.Millisecond))
	if err != nil {
		return err
	}
	for _, login := range summary.Logins {
		if _, err := fmt.Fprintf(w, "login %-24s %s\n", login.Email, login.Role); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "password of all of them: %s\n", settings.DevelopmentPassword)
	return err
}
