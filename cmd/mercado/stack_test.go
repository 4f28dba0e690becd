package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
)

// stack is a `mercado up` in a home of its own, on ports of its own.
type stack struct {
	home        string
	api         string // host:port
	sandbox     string
	postgres    devstack.Postgres
	environment []string

	*stacktest.Child // the last `mercado up`
}

func newStack(t *testing.T, variables ...string) *stack {
	t.Helper()
	// The database's user must reach it, which it cannot in a test's own folder.
	home, err := os.MkdirTemp("", "mercado-up-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	ports, err := devstack.FreePorts(t.Context(), 8)
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{home: home, api: fmt.Sprintf("127.0.0.1:%d", ports[6]), sandbox: fmt.Sprintf("127.0.0.1:%d", ports[5])}
	s.postgres.Port.Number = ports[0]
	s.environment = append(settings.Foreign(),
		"MERCADO_HOME="+home,
		"MERCADO_DEMO=false",
		fmt.Sprintf("MERCADO_POSTGRES_PORT=%d", ports[0]),
		fmt.Sprintf("MERCADO_TEMPORAL_PORT=%d", ports[1]),
		fmt.Sprintf("MERCADO_TEMPORAL_UI_PORT=%d", ports[2]),
		fmt.Sprintf("MERCADO_S3_PORT=%d", ports[3]),
		fmt.Sprintf("MERCADO_S3_CONSOLE_PORT=%d", ports[4]),
		fmt.Sprintf("MERCADO_SANDBOX_PORT=%d", ports[5]),
		"MERCADO_API_ADDR="+s.api,
		fmt.Sprintf("MERCADO_WORKER_ADDR=127.0.0.1:%d", ports[7]),
	)
	s.environment = append(s.environment, variables...)
	t.Cleanup(func() {
		if s.Child != nil {
			_ = s.Kill()
		}
		eventually(t, "nothing of the stack runs", func() bool { return len(s.processes()) == 0 })
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stack) start(t *testing.T) {
	t.Helper()
	command := exec.Command(stacktest.Binary(t), "up")
	command.Env = s.environment
	s.startAs(t, command)
}

// startSourced is what a person does in a shell that has sourced the file env: `mercado up` again.
func (s *stack) startSourced(t *testing.T) {
	t.Helper()
	command := exec.Command("sh", "-c", `. "$1/env"; exec "$2" up --demo=false`, "sh", s.home, stacktest.Binary(t))
	command.Env = settings.Foreign()
	s.startAs(t, command)
}

func (s *stack) startAs(t *testing.T, command *exec.Cmd) {
	t.Helper()
	s.Child = stacktest.StartChild(t, command)
}

// patience is what anything may take on a busy machine: no test is about it.
const patience = 5 * time.Minute

// waitReady waits until the API says that everything it needs answers.
func (s *stack) waitReady(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		answer, err := http.Get("http://" + s.api + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-s.Ended():
			t.Fatalf("`up` has ended\n%s", s.Log())
		case <-tick.C:
		}
	}
	t.Fatalf("not ready in time\n%s", s.Log())
}

func (s *stack) signal(t *testing.T, signal os.Signal) (code int) {
	t.Helper()
	if err := s.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return s.wait(t)
}

// wait waits for the end of `up` and returns its exit code.
func (s *stack) wait(t *testing.T) (code int) {
	t.Helper()
	select {
	case <-s.Ended():
		return s.ExitCode()
	case <-time.After(patience):
		t.Fatalf("`up` does not end\n%s", s.Log())
		return -1
	}
}

func (s *stack) query(t *testing.T, statement string) (answer int) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), s.postgres.URL("mercado"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	if err := connection.QueryRow(t.Context(), statement).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return answer
}

func (s *stack) child(t *testing.T, command string) (pid int) {
	t.Helper()
	if pid = s.findChild(command); pid == 0 {
		t.Fatalf("no process `mercado %s` runs\n%s", command, s.Log())
	}
	return pid
}

func (s *stack) findChild(command string) (pid int) {
	for _, pid := range s.find("mercado\x00" + command + "\x00") {
		return pid
	}
	return 0
}

// find returns the processes of the stack whose command line contains a text.
func (s *stack) find(text string) (pids []int) {
	for pid, commandLine := range s.processes() {
		if strings.Contains(commandLine, text) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes returns the command lines of all processes that belong to the stack: those that have
// its home in their environment, or work in it.
func (s *stack) processes() map[int]string {
	found := map[int]string{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil || pid == os.Getpid() {
			continue
		}
		environment, _ := os.ReadFile(filepath.Join(folder, "environ"))
		working, _ := os.Readlink(filepath.Join(folder, "cwd"))
		if !bytes.Contains(environment, []byte("="+s.home)) && !strings.HasPrefix(working, s.home) {
			continue
		}
		if commandLine, err := os.ReadFile(filepath.Join(folder, "cmdline")); err == nil && len(commandLine) > 0 {
			found[pid] = string(commandLine)
		}
	}
	return found
}

// eventually waits for a condition, with a deadline.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}
