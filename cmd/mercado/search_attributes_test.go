package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
	"mercado/internal/temporal"
	"mercado/worker"
	"mercado/worker/workertest"
)

// A worker in a namespace that nobody has prepared for loads leaves them alone and says what to run; once that
// was run, it goes on by itself.
func TestWorkerTellsWhatItsNamespaceLacks(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	world.Temporal.Namespace = world.Temporal.TaskQueuePrefix + "bare"
	queue := world.Temporal.TaskQueuePrefix + worker.ETLQueue
	db, err := store.Open(t.Context(), world.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	registering := world.Temporal
	registering.Namespace = "default"
	c, err := temporal.Dial(t.Context(), registering)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, err = c.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: world.Temporal.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}

	work := exec.Command(stacktest.Binary(t), "worker")
	work.Env = append(world.Env(), "MERCADO_WORKER_ADDR=127.0.0.1:0")
	child := stacktest.StartChild(t, work)
	t.Cleanup(func() { _ = child.Kill() })
	said := regexp.MustCompile("has no search attributes EtlRunId .*?`(temporal operator search-attribute create .*?)`")
	workertest.Await(t, "the worker to say what is missing", func() bool { return said.MatchString(child.Log()) })
	workertest.Await(t, "the worker to serve orders", func() bool {
		return db.WorkerPresent(t.Context(), world.Temporal.TaskQueuePrefix+worker.OrdersQueue) == nil
	})
	if err := db.WorkerPresent(t.Context(), queue); err == nil {
		t.Error("the worker takes loads that cannot get on")
	}
	doctor := func() string {
		command := exec.CommandContext(t.Context(), stacktest.Binary(t), "doctor")
		command.Env = world.Env()
		output, _ := command.CombinedOutput() // other things are wrong here
		return regexp.MustCompile(`(?m)^.*search attributes .*$`).FindString(string(output))
	}
	if line := doctor(); !strings.HasPrefix(line, "WRONG") || !said.MatchString(line) {
		t.Errorf("the doctor says %q", line)
	}

	binary, err := devstack.FindBinary("temporal")
	if err != nil {
		t.Fatal(err)
	}
	advice := exec.CommandContext(t.Context(), "sh", "-c", said.FindStringSubmatch(child.Log())[1])
	advice.Env = append(advice.Environ(), "PATH="+filepath.Dir(binary), "TEMPORAL_ADDRESS="+world.Temporal.Address)
	if output, err := advice.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	workertest.Await(t, "the worker to take loads", func() bool { return db.WorkerPresent(t.Context(), queue) == nil })
	if line := doctor(); !strings.HasPrefix(line, "ok") {
		t.Errorf("afterwards the doctor says %q", line)
	}
}
