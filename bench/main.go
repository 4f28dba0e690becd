// Command bench measures the shop on real servers, each figure beside a baseline that was measured
// in turns with it: see README.md beside it.
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
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	servers  *servers
	pace     pace
	lines    []int       // how many order lines there are to load
	products int         // how many are many
	result   *partResult // of the part that is being measured
	began    time.Time
	log      io.Writer
}

// part is one group of figures.
type part struct {
	name string
	run  func(*bench, context.Context) error
	file string // of bench/results that keeps it
}

var parts = []part{
	{"checkout", (*bench).checkout, "shop.json"},
	{"fulfilment", (*bench).fulfilment, "shop.json"},
	{"hot", (*bench).hot, "shop.json"},
	{"login", (*bench).login, "shop.json"},
	{"products", (*bench).listing, "shop.json"},
	{"lake", (*bench).lake, "lake.json"},
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		if err := beChild(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// What is measured waits for the generator's collector, too: bare handlers and workflows, which run in it, as much as
	// answers of the shop.
	debug.SetGCPercent(400)
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
	quick := flag.Bool("quick", false, "measure shortly, to see that it works: the figures mean little, and no target is missed")
	only := flag.String("only", "", "measure only these, comma-separated: "+strings.Join(names, ", "))
	out := flag.String("out", "", "folder where the figures are kept, beside those of parts that are not measured (default bench/results; with -quick, nowhere)")
	lines := flag.String("lines", "", "order lines of the lake's histories, comma-separated, few before many (default 1000000,10000000)")
	flag.Parse()
	chosen := parts
	if *only != "" {
		wanted := strings.Split(*only, ",")
		for _, name := range wanted {
			if !slices.Contains(names, name) {
				return fmt.Errorf("there is no part %q: %s", name, strings.Join(names, ", "))
			}
		}
		chosen = slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !slices.Contains(wanted, p.name) })
	}
	if *out == "" && !*quick {
		*out = "bench/results"
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	b := &bench{pace: thorough, products: 1_000_000, lines: []int{1_000_000, 10_000_000}, began: time.Now(), log: os.Stderr}
	if *quick {
		b.pace, b.products, b.lines = hasty, 50_000, []int{20_000, 200_000}
	}
	if *lines != "" {
		b.lines = nil
		for _, text := range strings.Split(*lines, ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1000 {
				return fmt.Errorf("-lines %q: want numbers of at least 1000", *lines)
			}
			b.lines = append(b.lines, n)
		}
	}
	return b.measure(ctx, chosen, *quick, *out)
}

var (
	thorough = pace{
		warm: 2 * time.Second, rounds: 3, round: time.Second, slice: 1500 * time.Millisecond,
		samples: samplesOfP99, most: 30 * time.Second, same: 6 * time.Second, alike: samplesOfP99,
	}
	hasty = pace{
		warm: 200 * time.Millisecond, rounds: 1, round: 400 * time.Millisecond, slice: 400 * time.Millisecond,
		samples: 30, most: time.Second, same: time.Second, alike: 30,
	}
)

// measure measures parts and keeps each as soon as it is measured. One that fails does not keep the
// others from their turn.
func (b *bench) measure(ctx context.Context, chosen []part, quick bool, out string) (err error) {
	load, much := loadBefore()
	if much {
		b.say("WARNING: the machine is busy (load %s): compare ratios, and no rates", load)
	}
	b.say("building mercado and starting the servers")
	if b.servers, err = startServers(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.servers.stop()) }()
	about, err := machineOf(ctx, b.servers)
	if err != nil {
		return err
	}
	about.Load = load
	sources := commit(ctx) // now: what is written below changes the tree
	var measured []*partResult
	var failures []error
	for i, p := range chosen {
		b.say("%s (%d of %d)", p.name, i+1, len(chosen))
		b.result = &partResult{
			Part: p.name, Commit: sources, At: time.Now().UTC().Format(time.RFC3339), Quick: quick, Machine: about,
		}
		if err := b.one(ctx, p); err != nil {
			if ctx.Err() != nil {
				return err
			}
			b.say("%s FAILED: %s", p.name, err)
			failures = append(failures, fmt.Errorf("%s: %w", p.name, err))
			continue
		}
		measured = append(measured, b.result)
		if missed := b.result.missed(); len(missed) > 0 && !quick {
			failures = append(failures, fmt.Errorf("%s: missed: %s", p.name, strings.Join(missed, "; ")))
		}
		if out != "" {
			if err := keep(filepath.Join(out, p.file), b.result); err != nil {
				return err
			}
		}
	}
	return errors.Join(append(failures, printResults(os.Stdout, measured))...)
}

// one measures a part, and how much of the machine others had meanwhile.
func (b *bench) one(ctx context.Context, p part) error {
	began := time.Now()
	earlier, err := shareNow()
	if err != nil {
		return err
	}
	if err := p.run(b, ctx); err != nil {
		return err
	}
	now, err := shareNow()
	if err != nil {
		return err
	}
	b.result.Seconds, b.result.Machine.Others = time.Since(began).Seconds(), now.others(earlier)
	for _, t := range b.result.Targets {
		b.say("  %s", t)
	}
	b.say("%s: %.0f s; others had %.0f %% of the machine", p.name, b.result.Seconds, 100*b.result.Machine.Others)
	return nil
}

func (b *bench) say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(b.log, "bench %4.0fs  "+format+"\n", append([]any{time.Since(b.began).Seconds()}, arguments...)...)
}
