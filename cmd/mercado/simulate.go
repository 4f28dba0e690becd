package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"mercado/internal/settings"
	"mercado/internal/simulate"
)

// SimulateCmd sends customers to a shop until it is told to stop.
type SimulateCmd struct {
	settings.API
	URL       string        `name:"url" placeholder:"URL" help:"The API to visit (default: the one at MERCADO_API_ADDR)."`
	Rate      string        `name:"rate" default:"5/s" help:"Visits on average, as 5/s or 90/m; they arrive at random, whatever became of those before."`
	For       time.Duration `name:"for" help:"How long visits arrive (default: until Ctrl-C)."`
	Customers int           `name:"customers" default:"100" help:"How many people visit; who is new registers."`
	Seed      uint64        `name:"seed" default:"1" help:"The same number gives the same people with the same intentions."`
	AtOnce    int           `name:"at-once" default:"64" help:"Most visits under way at any time; others wait, and the wait counts."`
}

// Help is shown by `mercado simulate --help`.
func (c *SimulateCmd) Help() string {
	return "Customers register, look around, search, fill carts, leave them, buy, and see to their orders, all through the " +
		"public API. Where the API limits how often one address may register or sign in, whoever comes too early only looks " +
		"around. Ctrl-C ends the visits that are under way, and a summary is printed. The exit code is 1 when the API answered with a server error, or " +
		"with anything that its OpenAPI document does not know."
}

// errShopFailed says that the traffic met what no customer may cause.
var errShopFailed = errors.New("the shop failed: see server errors and surprises")

// Run implements the command.
func (c *SimulateCmd) Run(ctx context.Context, g *Globals) error {
	rate, err := perSecond(c.Rate)
	if err != nil {
		return err
	}
	if c.Customers < 1 || c.AtOnce < 1 || c.For < 0 {
		return &settings.Error{Setting: "--customers, --at-once and --for", Problem: "must be positive"}
	}
	url := strings.TrimSuffix(c.URL, "/")
	if url == "" {
		url = apiURL(c.Addr)
	}
	progress, endLine := simulationProgress(g.stderr)
	summary, err := simulate.Run(ctx, simulate.Options{
		URL: url, Rate: rate, For: c.For, Customers: c.Customers, Seed: c.Seed, AtOnce: c.AtOnce, Progress: progress,
	})
	endLine()
	if err != nil {
		return err
	}
	if err := g.print(summary, func(w io.Writer) error { return printSimulated(w, summary) }); err != nil {
		return err
	}
	if summary.Failed() {
		return errShopFailed
	}
	return nil
}

// perSecond reads 5, 5/s, 90/m or 1000/h.
func perSecond(text string) (float64, error) {
	wrong := &settings.Error{Setting: "--rate", Problem: fmt.Sprintf("must be like 5/s or 90/m, not %q", text)}
	number, unit, named := strings.Cut(text, "/")
	if !named {
		unit = "s"
	}
	seconds, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	rate, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || math.IsNaN(rate) || rate <= 0 || rate/seconds > 10_000 {
		return 0, wrong
	}
	return rate / seconds, nil
}

// logEvery is how often progress is logged where there is no terminal.
const logEvery = 10 * time.Second

// simulationProgress rewrites one line on a terminal, and logs now and then elsewhere. endLine
// leaves the line behind.
func simulationProgress(stderr io.Writer) (progress func(simulate.Snapshot), endLine func()) {
	file, ok := stderr.(*os.File)
	if ok && isatty.IsTerminal(file.Fd()) {
		// Cut off where the terminal ends, rather than continued on a line that is not rewritten.
		const noWrap, wrap, eraseRest = "\x1b[?7l", "\x1b[?7h", "\x1b[K"
		return func(now simulate.Snapshot) {
				_, _ = fmt.Fprint(file, "\r"+noWrap+progressLine(now)+eraseRest+wrap)
			},
			func() { _, _ = fmt.Fprintln(file) }
	}
	return loggedProgress(slog.Default()), func() {}
}

// loggedProgress logs the first progress that it is told of after every logEvery.
func loggedProgress(log *slog.Logger) func(simulate.Snapshot) {
	due := logEvery
	return func(now simulate.Snapshot) {
		if now.Elapsed < due {
			return
		}
		due = now.Elapsed.Truncate(logEvery) + logEvery
		log.Info("simulating", "progress", progressLine(now))
	}
}

func progressLine(now simulate.Snapshot) string {
	seconds := max(now.Elapsed.Seconds(), 0.001)
	o := now.Outcomes
	return fmt.Sprintf("%.0f s  %.1f visits/s, %d under way  %d confirmed, %d declined, %d out of stock  %d errors  p50 %s, p99 %s  %.0f requests/s",
		seconds, float64(now.Visits)/seconds, now.InFlight, o.Confirmed, o.Declined, o.OutOfStock, now.Errors,
		brief(now.P50), brief(now.P99), float64(now.Requests)/seconds)
}

func brief(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }

func printSimulated(w io.Writer, s *simulate.Summary) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OPERATION\tP50\tP99\tMAX\tANSWERS")
	for _, operation := range s.Operations {
		var answers []string
		for _, status := range slices.Sorted(maps.Keys(operation.Statuses)) {
			answers = append(answers, fmt.Sprintf("%d×%s", operation.Statuses[status], status))
		}
		for _, code := range slices.Sorted(maps.Keys(operation.Refusals)) {
			answers = append(answers, fmt.Sprintf("%d×%s", operation.Refusals[code], code))
		}
		fmt.Fprintf(table, "%s\t%.0f ms\t%.0f ms\t%.0f ms\t%s\n",
			operation.Operation, operation.P50, operation.P99, operation.Max, strings.Join(answers, " "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	o := s.Orders
	fmt.Fprintf(w, "\n%d visits, %d requests in %.0f s\n", s.Visits, s.Requests, s.Seconds)
	fmt.Fprintf(w, "orders: %d confirmed, %d accepted, %d late, %d declined, %d out of stock, %d refused otherwise\n",
		o.Confirmed, o.Accepted, o.Late, o.Declined, o.OutOfStock, o.Refused)
	fmt.Fprintf(w, "later: %d cancelled, %d returned, %d reviewed; %d carts left behind; %d visits turned away at the door\n",
		o.Cancelled, o.Returned, o.Reviewed, o.Abandoned, o.TurnedAway)
	_, err := fmt.Fprintf(w, "server errors: %d; surprises: %d\n", s.ServerErrors, len(s.Surprises))
	for _, surprise := range s.Surprises {
		fmt.Fprintln(w, "  "+surprise)
	}
	return err
}
