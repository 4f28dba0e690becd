package devstack

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"mercado/internal/settings"
	"mercado/internal/temporal/search"
)

// Retention is how long Temporal keeps the history of a workflow that has ended.
const Retention = 30 * 24 * time.Hour

// Temporal is a local Temporal development server with its UI.
type Temporal struct {
	Home      string // data in HOME/temporal, log in HOME/logs
	Port, UI  Port
	Namespace string // empty means default
	// Throwaway keeps everything in memory: for tests.
	Throwaway bool
}

// Settings returns how a client reaches the server.
func (t Temporal) Settings() settings.Temporal {
	name := t.Namespace
	if name == "" {
		name = "default"
	}
	return settings.Temporal{Address: t.Port.Address(), Namespace: name, UI: "http://" + t.UI.Address()}
}

// Start starts the server and returns when its namespace answers, and has its retention
// and its search attributes.
func (t Temporal) Start(ctx context.Context) (*Process, error) {
	binary, err := FindBinary("temporal")
	if err != nil {
		return nil, err
	}
	for _, port := range []Port{t.Port, t.UI} {
		if err := port.Check(ctx); err != nil {
			return nil, err
		}
	}
	data, err := folder(t.Home, "temporal")
	if err != nil {
		return nil, err
	}
	log, err := openLog(t.Home, "temporal")
	if err != nil {
		return nil, err
	}
	process, err := Start(Command{
		Name: "Temporal",
		Path: binary,
		Args: t.arguments(data),
		Env:  serverEnvironment(data),
		Dir:  data,
		Log:  log,
	})
	if err != nil {
		return nil, err
	}
	if err := process.waitReady(ctx, func(ctx context.Context) error { return EnsureNamespace(ctx, t.Settings()) }); err != nil {
		process.Kill()
		return nil, fmt.Errorf("%w (see %s)", err, log.Name())
	}
	return process, nil
}

func (t Temporal) arguments(data string) []string {
	arguments := []string{
		"server", "start-dev", "--ip", "127.0.0.1",
		"--port", strconv.Itoa(t.Port.Number), "--ui-port", strconv.Itoa(t.UI.Number),
		"--log-level", "warn",
		// The server has one history shard and by default reads its queue 20 times a second.
		"--dynamic-config-value", "history.transferProcessorMaxPollRPS=100000",
		"--dynamic-config-value", "history.transferProcessorMaxPollHostRPS=100000",
		"--dynamic-config-value", "system.enableActivityEagerExecution=true",
		"--dynamic-config-value", "system.enableEagerWorkflowStart=true",
	}
	if t.Namespace != "" {
		arguments = append(arguments, "--namespace", t.Namespace)
	}
	if t.Throwaway {
		return append(arguments, "--dynamic-config-value", "system.forceSearchAttributesCacheRefreshOnRead=true")
	}
	return append(arguments,
		"--db-filename", filepath.Join(data, "temporal.db"),
		"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
}

// EnsureNamespace gives the namespace its retention and its search attributes; it fails when the server does
// not answer.
func EnsureNamespace(ctx context.Context, s settings.Temporal) error {
	c, err := client.DialContext(ctx, client.Options{
		HostPort: s.Address, Namespace: s.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return err
	}
	defer c.Close()
	service := c.WorkflowService()
	described, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.Namespace})
	if err != nil {
		return err
	}
	if described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() < Retention {
		_, err := service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
			Namespace: s.Namespace,
			Config:    &namespace.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(Retention)},
		})
		if err != nil {
			return err
		}
	}
	return search.Ensure(ctx, c, s.Namespace)
}
