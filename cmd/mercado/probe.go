package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// probeTimeout is shorter than the health checks that use it allow.
const probeTimeout = 3 * time.Second

// ProbeCmd asks one address. The images hold no other HTTP client for their health checks.
type ProbeCmd struct {
	URL string `arg:"" help:"What to ask, http://host:port/path."`
}

// Run implements the command.
func (c *ProbeCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return probe(ctx, c.URL)
}

// probe returns nil when an address answers 200, else what it says.
func probe(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	return fmt.Errorf("%s answered %s %s", address, answer.Status, bytes.TrimSpace(said))
}
