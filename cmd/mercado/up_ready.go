package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"mercado/internal/settings"
)

// waitReady returns when the API answers that everything it needs does. It says what is missing
// when that takes long.
func (s *localStack) waitReady(ctx context.Context) error {
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	remind := time.NewTicker(15 * time.Second)
	defer remind.Stop()
	for {
		missing := s.notReady(ctx)
		if missing == "" {
			s.done("mercado", "api, worker, sandbox", begun)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-remind.C:
			s.say("not ready yet: %s", missing)
		case <-tick.C:
		}
	}
}

// notReady returns what /readyz complains about, and nothing when it does not.
func (s *localStack) notReady(ctx context.Context) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, apiURL(s.API.Addr)+"/readyz", nil)
	if err != nil {
		return err.Error()
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusOK {
		return ""
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	return fmt.Sprintf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
}

// announce prints where everything is.
func (s *localStack) announce(took time.Duration) error {
	base := apiURL(s.API.Addr)
	found := addresses{
		API: base, Docs: base + "/docs", TemporalUI: s.Temporal.UI,
		Database: s.Database.URL, Warehouse: s.Analytics.URL,
		Home: s.globals.Home, Seconds: took.Seconds(),
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
			{"An access token", "bin/mercado token --role admin"},
		} {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
		}
		_, _ = fmt.Fprint(table, "\nCtrl-C stops everything; the data stay.\n")
		return table.Flush()
	})
}

func consoleLine(console string, s settings.ObjectStore) string {
	if console == "" {
		return s.Endpoint
	}
	return fmt.Sprintf("%s (user %s, password %s)", console, s.AccessKey, s.SecretKey)
}
