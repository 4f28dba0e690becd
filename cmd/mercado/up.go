package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"

	"github.com/alecthomas/kong"

	"mercado/internal/devstack"
	"mercado/internal/settings"
)

// UpCmd runs everything on one machine until Ctrl-C or SIGTERM, which end it with exit code 0 when
// all has stopped in order. A second Ctrl-C kills what still runs.
type UpCmd struct {
	settings.Local
	settings.API
	settings.Auth
	settings.Shop
	settings.SandboxRules
	settings.Lake
	settings.ETL
	settings.Daily
	settings.Retention
	settings.Freshness
	settings.Limits
	settings.Webhooks
	settings.Worker
	settings.Database
	Analytics settings.Warehouse `embed:""`
	settings.ObjectStore
	settings.Temporal

	Demo bool `name:"demo" env:"MERCADO_DEMO" default:"true" negatable:"" help:"Fill a shop without customers with demo data."`
}

// Help is shown by `mercado up --help`.
func (c *UpCmd) Help() string {
	return "Starts Postgres, Temporal and an object store, except those whose address is given " +
		"(MERCADO_DATABASE_URL, TEMPORAL_ADDRESS, MERCADO_S3_ENDPOINT, MERCADO_PAYMENT_URL), then the API, " +
		"a worker and the sandbox of payment provider and carrier. Data and logs lie in MERCADO_HOME. " +
		"For a second stack beside the first, choose another home and other ports."
}

// Run implements the command.
func (c *UpCmd) Run(ctx context.Context, k *kong.Context, g *Globals) error {
	stack, err := c.plan(k, g)
	if err != nil {
		return err
	}
	return stack.run(ctx)
}

// plan decides what is started and what is used as given, and completes the settings that follow.
func (c *UpCmd) plan(k *kong.Context, g *Globals) (*localStack, error) {
	stack := &localStack{UpCmd: c, globals: g}
	// The file env of this home, sourced, names the servers that are started here.
	elsewhere := func(flag, value, here string) bool { return given(k, flag) && value != here }
	here := func(port int) string { return devstack.Port{Number: port}.Address() }

	if !elsewhere("database-url", c.Database.URL, devstack.Postgres{Port: devstack.Port{Number: c.PostgresPort}}.URL("mercado")) {
		stack.postgres = &devstack.Postgres{Port: *stack.port(c.PostgresPort, "Postgres", "postgres-port", "MERCADO_POSTGRES_PORT")}
		c.Database.URL = stack.postgres.URL("mercado")
	}
	if !given(k, "warehouse-url") {
		c.Analytics.URL = c.Database.URL
	}
	if !elsewhere("temporal-address", c.Temporal.Address, here(c.TemporalPort)) {
		stack.temporal = &devstack.Temporal{
			Port: *stack.port(c.TemporalPort, "Temporal", "temporal-port", "MERCADO_TEMPORAL_PORT"),
			UI:   *stack.port(c.TemporalUIPort, "the Temporal UI", "temporal-ui-port", "MERCADO_TEMPORAL_UI_PORT"),
		}
		if c.Namespace != "default" {
			stack.temporal.Namespace = c.Namespace
		}
		c.Temporal.Address = stack.temporal.Settings().Address
		if !given(k, "temporal-ui") {
			c.Temporal.UI = stack.temporal.Settings().UI
		}
	}
	if !elsewhere("s3-endpoint", c.Endpoint, "http://"+here(c.S3Port)) {
		stack.minio = &devstack.MinIO{
			Port:    *stack.port(c.S3Port, "the object store", "s3-port", "MERCADO_S3_PORT"),
			Console: *stack.port(c.S3ConsolePort, "the object store's console", "s3-console-port", "MERCADO_S3_CONSOLE_PORT"),
		}
		prefix := c.BucketPrefix
		c.ObjectStore = stack.minio.Settings()
		c.BucketPrefix = prefix
	}
	sandbox := "http://" + here(c.SandboxPort)
	stack.givenPayment = elsewhere("payment-url", c.PaymentURL, sandbox)
	stack.givenCarrier = elsewhere("carrier-url", c.CarrierURL, sandbox)
	if !stack.givenPayment {
		c.PaymentURL = sandbox
	}
	if !stack.givenCarrier {
		c.CarrierURL = sandbox
	}
	if !stack.givenPayment || !stack.givenCarrier {
		stack.port(c.SandboxPort, "the sandbox", "sandbox-port", "MERCADO_SANDBOX_PORT")
		stack.sandbox = &settings.Sandbox{Addr: here(c.SandboxPort)}
	}
	for _, listener := range []struct{ address, of, flag, variable string }{
		{c.API.Addr, "the API", "api-addr", "MERCADO_API_ADDR"},
		{c.Worker.Addr, "the worker", "worker-addr", "MERCADO_WORKER_ADDR"},
	} {
		host, port, err := net.SplitHostPort(listener.address)
		if err != nil {
			return nil, err // Validate has seen to it
		}
		number, err := strconv.Atoi(port)
		if err != nil || number == 0 {
			return nil, &settings.Error{Setting: listener.variable, Problem: "needs a port of its own"}
		}
		stack.port(number, listener.of, listener.flag, listener.variable).Host = host
	}
	return stack, stack.checkDistinct()
}

// given reports whether a flag or its variable is set, rather than left at its default.
func given(k *kong.Context, name string) bool {
	for _, element := range k.Path {
		if element.Flag != nil && element.Flag.Name == name {
			return true
		}
	}
	index := slices.IndexFunc(k.Flags(), func(flag *kong.Flag) bool { return flag.Name == name })
	if index < 0 {
		return false
	}
	return slices.ContainsFunc(k.Flags()[index].Envs, func(variable string) bool {
		_, set := os.LookupEnv(variable)
		return set
	})
}

// addresses is what a person needs to know of a running stack.
type addresses struct {
	API        string `json:"api"`
	Docs       string `json:"docs"`
	TemporalUI string `json:"temporal_ui"`
	Console    string `json:"object_store_console,omitempty"`
	Database   string `json:"database"`
	Warehouse  string `json:"warehouse"`
	Home       string `json:"home"`
	// Environment is a file with the settings of this stack, for a shell to source.
	Environment string  `json:"environment"`
	Seconds     float64 `json:"seconds"`
}

// apiURL returns where a client on this machine reaches the API.
func apiURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return (&url.URL{Scheme: "http", Host: addr}).String()
}

// checkDistinct refuses two settings that name one port.
func (s *localStack) checkDistinct() error {
	taken := map[int]string{}
	for _, port := range s.ports {
		if other, twice := taken[port.Number]; twice {
			return &settings.Error{Setting: port.Variable, Problem: fmt.Sprintf("names port %d, which %s has already", port.Number, other)}
		}
		taken[port.Number] = port.Variable
	}
	return nil
}
