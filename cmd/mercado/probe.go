package main

import (
	"context"
	"fmt"
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
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", c.URL, answer.Status)
	}
	return nil
}
