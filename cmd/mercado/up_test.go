package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

func TestUpStopsInOrderAndKeepsTheData(t *testing.T) {
	t.Parallel()
	stack := newStack(t)
	stack.start(t)
	stack.waitReady(t)
	stack.query(t, "create table kept as select 42 as answer")

	second := exec.Command(stacktest.Binary(t), "up")
	second.Env = stack.environment
	output, _ := second.CombinedOutput()
	if code := second.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(output), stack.home) {
		t.Errorf("a second `up` in the same home ends with %d: %s", code, output)
	}

	beside := exec.Command(stacktest.Binary(t), "up", "--home", t.TempDir())
	beside.Env = stack.environment
	output, _ = beside.CombinedOutput()
	if code := beside.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(output), "--postgres-port (MERCADO_POSTGRES_PORT)") {
		t.Errorf("a second `up` on the same ports ends with %d: %s", code, output)
	}

	// The file env leads every other command to the stack.
	doctor := exec.Command("sh", "-c", `. "$1/env"; exec "$2" doctor`, "sh", stack.home, stacktest.Binary(t))
	doctor.Env = settings.Foreign()
	if output, err := doctor.CombinedOutput(); err != nil {
		t.Errorf("the doctor finds something wrong with a running stack: %v\n%s", err, output)
	}

	for _, command := range []string{"api", "worker", "sandbox"} {
		before := stack.child(t, command)
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, command+" runs again", func() bool {
			after := stack.findChild(command)
			return after != 0 && after != before
		})
		stack.waitReady(t)
	}

	if code := stack.signal(t, syscall.SIGTERM); code != 0 {
		t.Errorf("SIGTERM ends `up` with exit code %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}

	stack.startSourced(t)
	stack.waitReady(t)
	if answer := stack.query(t, "select answer from kept"); answer != 42 {
		t.Errorf("after the second start: %d, want 42", answer)
	}
	if code := stack.signal(t, os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C ends `up` with exit code %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}
}

func TestUpStartsAgainAfterBeingKilled(t *testing.T) {
	t.Parallel()
	stack := newStack(t)
	stack.start(t)
	stack.waitReady(t)
	stack.signal(t, syscall.SIGKILL)
	stack.start(t) // at once, while the servers end
	stack.waitReady(t)
	if n := len(stack.find("postgres: checkpointer")); n > 1 {
		t.Errorf("%d Postgres servers run", n)
	}

	temporal := stack.find("server\x00start-dev")
	if len(temporal) != 1 {
		t.Fatalf("%d Temporal servers run, want 1", len(temporal))
	}
	if err := syscall.Kill(temporal[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := stack.wait(t); code != 1 || !strings.Contains(stack.Log(), "Temporal ended") {
		t.Errorf("the death of a server ends `up` with %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}
}

func TestUpUsesServersThatAreGiven(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	stack := newStack(t, settings.Environ(world.Database, world.Warehouse, world.ObjectStore, world.Temporal)...)
	stack.start(t)
	stack.waitReady(t)
	for _, server := range []string{"postgres", "temporal", "minio"} {
		if _, err := os.Stat(filepath.Join(stack.home, server)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was started though its address is given (%v)", server, err)
		}
	}

	// What does not end by itself is killed at the second request.
	if err := syscall.Kill(stack.child(t, "sandbox"), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := stack.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	eventually(t, "`up` says that it stops", func() bool { return strings.Contains(stack.Log(), "stopping") })
	if code := stack.signal(t, os.Interrupt); code != 0 || !strings.Contains(stack.Log(), "killing") {
		t.Errorf("exit code %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}
}

// TestUpEndsWhenTheSandboxCannotServe: a shop that cannot sell does not look ready.
func TestUpEndsWhenTheSandboxCannotServe(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	stack := newStack(t, settings.Environ(world.Database, world.Warehouse, world.ObjectStore, world.Temporal)...)
	stack.start(t)
	stack.waitReady(t)
	eventually(t, "`up` says that it is ready", func() bool { return strings.Contains(stack.Log(), "Mercado is ready") })
	sandbox := stack.child(t, "sandbox")
	if err := stack.Signal(syscall.SIGSTOP); err != nil { // until the port is taken, it starts nothing
		t.Fatal(err)
	}
	if err := syscall.Kill(sandbox, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var listener net.Listener
	eventually(t, "the sandbox has ended", func() (free bool) {
		var err error
		listener, err = net.Listen("tcp", stack.sandbox)
		return err == nil
	})
	defer func() { _ = listener.Close() }()
	if err := stack.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if code := stack.wait(t); code != 1 || !strings.Contains(stack.Log(), "sandbox") || !strings.Contains(stack.Log(), "it cannot work with its settings") {
		t.Errorf("exit code %d\n%s", code, stack.Log())
	}
	if left := stack.processes(); len(left) > 0 {
		t.Errorf("these are left behind: %v", left)
	}
}

func TestDoctorNamesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	stack := newStack(t)
	doctor := exec.Command(stacktest.Binary(t), "doctor", "--output", "json", "--database-url", stack.postgres.URL("mercado"))
	doctor.Env = stack.environment
	output, _ := doctor.Output()
	var answer struct {
		Items []struct {
			Check, Advice string
			OK            bool
		}
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, item := range answer.Items {
		if item.Check == "shop database" && (item.OK || !strings.Contains(item.Advice, "MERCADO_DATABASE_URL")) {
			t.Errorf("a database that is not there: %+v", item)
		}
	}
	if code := doctor.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
}

func TestUpRefusesAPortInUse(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"MERCADO_POSTGRES_PORT", "MERCADO_TEMPORAL_UI_PORT", "MERCADO_S3_PORT", "MERCADO_SANDBOX_PORT", "MERCADO_API_ADDR"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = listener.Close() }()
			_, taken, _ := net.SplitHostPort(listener.Addr().String())
			value := taken
			if strings.HasSuffix(variable, "_ADDR") {
				value = listener.Addr().String()
			}
			stack := newStack(t, variable+"="+value)
			stack.start(t)
			if code := stack.wait(t); code != 1 || !strings.Contains(stack.Log(), taken) || !strings.Contains(stack.Log(), variable) {
				t.Errorf("exit code %d\n%s", code, stack.Log())
			}
			if left := stack.processes(); len(left) > 0 {
				t.Errorf("these are left behind: %v", left)
			}
		})
	}
}

func TestUpNamesAGivenServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	ports, err := devstack.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	for variable, value := range map[string]string{
		"MERCADO_DATABASE_URL":  "postgres://mercado@" + address + "/mercado",
		"MERCADO_WAREHOUSE_URL": "postgres://mercado@" + address + "/mercado",
		"TEMPORAL_ADDRESS":      address,
		"MERCADO_S3_ENDPOINT":   "http://" + address,
		"MERCADO_PAYMENT_URL":   "http://" + address,
		"MERCADO_CARRIER_URL":   "http://" + address,
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			stack := newStack(t, variable+"="+value)
			stack.start(t)
			if code := stack.wait(t); code != 1 || !strings.Contains(stack.Log(), variable) || strings.Count(stack.Log(), "\n") != 1 {
				t.Errorf("exit code %d\n%s", code, stack.Log())
			}
		})
	}
}
