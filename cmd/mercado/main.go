// Command mercado is the whole of Mercado: the API, the workers, the local stack and the tools.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"mercado/internal/settings"
)

// Exit codes.
const (
	exitFailed    = 1 // the command ran and did not succeed
	exitUsage     = 2 // a flag or a setting is missing or wrong
	exitDiffers   = 3 // the audit ran and what it compared differs, or an import ran and refused rows
	exitInterrupt = 130
)

// Globals are the flags every command has.
type Globals struct {
	settings.Environment
	Output   string `name:"output" short:"o" env:"MERCADO_OUTPUT" enum:"text,json" default:"text" help:"How results are printed (${enum})."`
	LogLevel string `name:"log-level" env:"MERCADO_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Least level that is logged to stderr (${enum})."`

	stdout, stderr io.Writer
}

// CLI is the command line: a command per file.
type CLI struct {
	Globals

	Migrate  MigrateCmd  `cmd:"" help:"Bring the schemas of shop and warehouse up to date."`
	Seed     SeedCmd     `cmd:"" help:"Fill an empty shop with two years of demo history."`
	Up       UpCmd       `cmd:"" help:"Run everything on this machine: servers, API, worker, sandbox."`
	API      APICmd      `cmd:"" name:"api" help:"Serve the HTTP API."`
	Worker   WorkerCmd   `cmd:"" help:"Work on the task queues: orders and the daily load."`
	ETL      ETLCmd      `cmd:"" name:"etl" help:"Load the lake and the warehouse, watch it, do it again."`
	Erase    EraseCmd    `cmd:"" help:"Make a customer nobody: in the shop, the lake and the warehouse."`
	Lake     LakeCmd     `cmd:"" help:"Describe the lake and the warehouse."`
	Import   ImportCmd   `cmd:"" help:"Load products from a CSV file, or tell what it would do."`
	Audit    AuditCmd    `cmd:"" help:"Prove that stock and money add up."`
	Simulate SimulateCmd `cmd:"" help:"Send customers to a shop: they look around, buy, cancel, return."`
	Sandbox  SandboxCmd  `cmd:"" help:"Serve the sandbox of payment provider and carrier."`
	Token    TokenCmd    `cmd:"" help:"Print an access token for local use."`
	OpenAPI  OpenAPICmd  `cmd:"" name:"openapi" help:"Print the OpenAPI document of the API."`
	Doctor   DoctorCmd   `cmd:"" help:"Check what Mercado needs and whether it answers."`
	Settings SettingsCmd `cmd:"" help:"List every setting, its variable, its default and what it means."`
	Buckets  BucketsCmd  `cmd:"" hidden:"" help:"Make the buckets of the four zones and the accounts of the roles where they are missing."`
	Probe    ProbeCmd    `cmd:"" hidden:"" help:"Succeed when an address answers 200: the health check of images."`
	Version  VersionCmd  `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cli := CLI{Globals: Globals{stdout: stdout, stderr: stderr}}
	exited := -1
	parser, err := kong.New(&cli,
		kong.Name("mercado"),
		kong.Description("An e-commerce platform with its analytics built in."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ShortUsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&cli.Globals),
	)
	if err != nil {
		fmt.Fprintln(stderr, "mercado:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help has been printed
		return exited
	}
	if err != nil {
		fmt.Fprintln(stderr, "mercado:", err)
		return exitUsage
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: logLevel(cli.LogLevel)})))

	if cli.Production() {
		err = checkProduction(parsed)
	}
	if err == nil {
		err = parsed.Run()
	}
	var wrong *settings.Error
	var differs *differencesError
	var rejected *rejectedRowsError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintln(stderr, "mercado:", wrong)
		return exitUsage
	case errors.As(err, &differs):
		fmt.Fprintln(stderr, "mercado:", differs)
		return exitDiffers
	case errors.As(err, &rejected):
		fmt.Fprintln(stderr, "mercado:", rejected)
		return exitDiffers
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "mercado: interrupted")
		return exitInterrupt
	default:
		fmt.Fprintln(stderr, "mercado:", err)
		return exitFailed
	}
}

func logLevel(name string) slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(name)) // kong has checked the name
	return level
}

// print writes a command's result: value as one JSON document, or what text writes.
func (g *Globals) print(value any, text func(io.Writer) error) error {
	if g.Output == "json" {
		encoder := json.NewEncoder(g.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	return text(g.stdout)
}
