package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"mercado/internal/settings"
)

// waitReady returns when the sandbox answers, and the API that everything it needs does. It says
// what is missing when that takes long.
func (s *localStack) waitReady(ctx context.Context) error {
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	remind := time.NewTicker(15 * time.Second)
	defer remind.Stop()
	for {
		missing := s.missing(ctx)
		if missing == nil {
			s.done("mercado", "api, worker, sandbox", begun)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-remind.C:
			s.say("not ready yet: %v", missing)
		case <-tick.C:
		}
	}
}

// missing returns what a shop that can sell still lacks, and nil when that is nothing.
func (s *localStack) missing(ctx context.Context) error {
	if s.sandbox != nil {
		if err := probe(ctx, "http://"+s.sandbox.Addr+"/livez"); err != nil {
			return err
		}
	}
	return ready(ctx, s.API.Addr)
}

// ready returns what /readyz of the API complains about, and nil when it does not.
func ready(ctx context.Context, addr string) error { return probe(ctx, apiURL(addr)+"/readyz") }

// announce prints where everything is.
func (s *localStack) announce(took time.Duration) error {
	base := apiURL(s.API.Addr)
	found := addresses{
		API: base, Docs: base + "/docs", TemporalUI: s.Temporal.UI,
		Database: s.Database.URL, Warehouse: s.Analytics.URL,
		Home: s.globals.Home, Environment: filepath.Join(s.globals.Home, "env"), Seconds: took.Seconds(),
	}
	if err := s.writeEnvironment(found.Environment); err != nil {
		return err
	}
	if s.minio != nil {
		found.Console = "http://" + s.minio.Console.Address()
	}
	return s.globals.print(found, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintf(table, "\nMercado is ready after %.1f s.\n\n", took.Seconds())
		for _, line := range [][2]string{
			{"Shop API", found.API},
			{"API documentation", found.Docs},
			{"Temporal UI", found.TemporalUI},
			{"Object store", consoleLine(found.Console, s.ObjectStore)},
			{"Postgres", found.Database},
			{"Logs", found.Home + "/logs"},
			{"Settings for other shells", "source " + found.Environment},
			{"An access token", "bin/mercado token --role admin"},
		} {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
		}
		_, _ = fmt.Fprint(table, "\nCtrl-C stops everything; the data stay.\n")
		return table.Flush()
	})
}

// writeEnvironment writes the settings of this stack for a shell, so that other commands find a
// stack with ports of its own.
func (s *localStack) writeEnvironment(path string) error {
	var script strings.Builder
	for _, variable := range s.environment() {
		name, value, _ := strings.Cut(variable, "=")
		_, _ = fmt.Fprintf(&script, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return os.WriteFile(path, []byte(script.String()), 0o600)
}

func consoleLine(console string, s settings.ObjectStore) string {
	if console == "" {
		return s.Endpoint
	}
	return fmt.Sprintf("%s (user %s, password %s)", console, s.AccessKey, s.SecretKey)
}
