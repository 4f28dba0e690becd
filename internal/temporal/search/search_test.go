package search_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/temporal"
	"mercado/internal/temporal/search"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

func TestNamespaceGetsWhatItLacks(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	dial := func() client.Client {
		c, err := temporal.Dial(t.Context(), world.Temporal)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	if err := search.Check(t.Context(), dial(), world.Temporal.Namespace); err != nil {
		t.Errorf("the servers of the tests: %v", err)
	}

	// What `mercado up` does to a server that is given to it.
	world.Temporal.Namespace = world.Temporal.TaskQueuePrefix + "given"
	c := dial()
	_, err := c.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: world.Temporal.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var missing *search.MissingError
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for !errors.As(err, &missing) { // a namespace that was just made is not found yet
		err = search.Check(ctx, c, world.Temporal.Namespace)
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the namespace is without any, but: %v", err)
		}
	}
	if len(missing.Keys) != 6 {
		t.Errorf("missing are %v", missing)
	}
	for range 2 {
		if err := search.Ensure(ctx, c, world.Temporal.Namespace); err != nil {
			t.Fatal(err)
		}
	}
	if err := search.Check(t.Context(), c, world.Temporal.Namespace); err != nil {
		t.Error(err)
	}

	// What Compose runs.
	binary, err := devstack.FindBinary("temporal")
	if err != nil {
		t.Fatal(err)
	}
	namespace := world.Temporal.TaskQueuePrefix + "compose"
	for range 2 {
		script := exec.CommandContext(t.Context(), "sh", "../../../deploy/temporal/namespace.sh")
		script.Env = append(script.Environ(), "PATH="+filepath.Dir(binary)+":/usr/bin:/bin",
			"TEMPORAL_ADDRESS="+world.Temporal.Address, "TEMPORAL_NAMESPACE="+namespace)
		if said, err := script.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, said)
		}
		if err := search.Check(t.Context(), c, namespace); err != nil {
			t.Error(err)
		}
	}
}
