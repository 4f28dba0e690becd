// Package temporal connects to the Temporal service by its standard TEMPORAL_* variables.
package temporal

import (
	"context"
	"fmt"
	"log/slog"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	"mercado/internal/settings"
)

// Dial connects to Temporal and fails when it does not answer. The caller closes the client.
func Dial(ctx context.Context, s settings.Temporal) (client.Client, error) {
	options, err := Options(s)
	if err != nil {
		return nil, err
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", options.HostPort, err)
	}
	return c, nil
}

// NewLazy gives a client that connects when it is first used, for a process that must start
// while Temporal is away. The caller closes the client.
func NewLazy(s settings.Temporal) (client.Client, error) {
	options, err := Options(s)
	if err != nil {
		return nil, err
	}
	return client.NewLazyClient(options)
}

// Options reads TEMPORAL_* (TLS, API key, profile file) and puts the address and namespace of s
// over them.
func Options(s settings.Temporal) (client.Options, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, &settings.Error{Setting: "TEMPORAL_*", Problem: err.Error()}
	}
	options.HostPort = s.Address
	options.Namespace = s.Namespace
	// What is said fits a packet, and packing it costs both sides more than the workflow does.
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	options.Logger = log.NewStructuredLogger(slog.Default().With("component", "temporal"))
	return options, nil
}
