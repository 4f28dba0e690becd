// Command bench measures the shop on real servers, each figure beside a baseline that was measured
// in the same run: see README.md beside it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	servers  *servers
	rounds   int           // how often each highest rate is measured
	lasts    time.Duration // of each measurement
	products int           // how many are many
	report   *report
	log      io.Writer
}

// part is one group of figures.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

var parts = []part{
	{"checkout", (*bench).checkout},
	{"fulfilment", (*bench).fulfilment},
	{"hot", (*bench).hot},
	{"login", (*bench).login},
	{"products", (*bench).listing},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := measure(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context) (err error) {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	quick := flag.Bool("quick", false, "measure shortly, to see that it works: the figures mean little")
	only := flag.String("only", "", "measure only these, comma-separated: "+strings.Join(names, ", "))
	out := flag.String("out", "bench/results/shop.json", "where the figures are written")
	flag.Parse()
	chosen := names
	if *only != "" {
		chosen = strings.Split(*only, ",")
		for _, name := range chosen {
			if !slices.Contains(names, name) {
				return fmt.Errorf("there is no part %q: %s", name, strings.Join(names, ", "))
			}
		}
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	b := &bench{rounds: 3, lasts: 2 * time.Second, products: 1_000_000, log: os.Stderr}
	if *quick {
		b.rounds, b.lasts, b.products = 1, time.Second, 50_000
	}
	b.say("building mercado and starting the servers")
	if b.servers, err = startServers(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.servers.stop()) }()
	if b.report, err = newReport(ctx, b.servers, *quick); err != nil {
		return err
	}
	for _, p := range parts {
		if slices.Contains(chosen, p.name) {
			began := time.Now()
			if err := p.run(b, ctx); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			b.say("%s: %.0f s", p.name, time.Since(began).Seconds())
		}
	}
	if err := b.report.write(*out); err != nil {
		return err
	}
	return b.report.print(os.Stdout)
}

func (b *bench) say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(b.log, "bench: "+format+"\n", arguments...)
}
