package devstack_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mercado/internal/devstack"
)

// A test program that finds parentVariable set is the parent that TestChildDiesWithItsParent kills.
const parentVariable = "MERCADO_DEVSTACK_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		beParent()
	}
	os.Exit(m.Run())
}

// beParent starts a child, prints its process id, and waits to be killed.
func beParent() {
	process, err := devstack.Start(command(discard{}, "sleep 600"))
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(process.PID()) + "\n")
	select {}
}

func TestChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=yes")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !lives(child) {
		t.Fatal("the child does not live before its parent is killed")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the child is gone", func() bool { return !lives(child) })
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	ready := make(lineLog, 1)
	process, err := devstack.Start(command(ready, "trap '' TERM; echo ready; while :; do sleep 600 & wait; done"))
	if err != nil {
		t.Fatal(err)
	}
	<-ready
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := process.Stop(ctx); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("stop says %v, not that it had to kill", err)
	}
	eventually(t, "the process group is gone", func() bool {
		return errors.Is(syscall.Kill(-process.PID(), 0), syscall.ESRCH)
	})
}

func TestChildIsStartedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var pauses []time.Duration
	child := devstack.Child{
		Command: command(nil, "exit 1"),
		OpenLog: func() (io.WriteCloser, error) { return discard{}, nil },
		Restarts: func(why error, pause time.Duration) {
			if !strings.Contains(why.Error(), "exit status 1") {
				t.Errorf("the reason is %v, not the exit status", why)
			}
			if pauses = append(pauses, pause); len(pauses) == 3 {
				cancel()
			}
		},
	}
	if err := child.Keep(ctx, ctx); err != nil {
		t.Error(err)
	}
	if len(pauses) != 3 || pauses[1] != 2*pauses[0] || pauses[2] != 2*pauses[1] {
		t.Errorf("the pauses do not double: %v", pauses)
	}
}

func TestChildWithWrongSettingsIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	child := devstack.Child{
		Command:  command(nil, "exit 2"),
		OpenLog:  func() (io.WriteCloser, error) { return discard{}, nil },
		Restarts: func(error, time.Duration) { t.Error("it was started again") },
	}
	if err := child.Keep(t.Context(), t.Context()); err == nil || !strings.Contains(err.Error(), "settings") {
		t.Errorf("keep says %v, nothing of settings", err)
	}
}

func TestChildLogShowsWhatMatters(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	var shown strings.Builder
	log, err := devstack.ChildLog(home, "api", &shown)
	if err != nil {
		t.Fatal(err)
	}
	written := "time=2026-01-01T00:00:00Z level=INFO msg=fine\ntime=2026-01-01T00:00:00Z level=WARN msg=odd\npanic: no"
	for _, part := range []string{written[:20], written[20:60], written[60:]} {
		if _, err := io.WriteString(log, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "api | time=2026-01-01T00:00:00Z level=WARN msg=odd\napi | panic: no\n"; shown.String() != want {
		t.Errorf("shown: %q, want %q", shown.String(), want)
	}
	if kept, err := os.ReadFile(filepath.Join(home, "logs", "api.log")); err != nil || string(kept) != written {
		t.Errorf("kept: %q, %v", kept, err)
	}
}

func command(log io.WriteCloser, script string) devstack.Command {
	return devstack.Command{Name: "child", Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(), Log: log}
}

func lives(pid int) bool { return syscall.Kill(pid, 0) == nil }

// eventually waits for a condition, with a deadline.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// lineLog tells that something was written.
type lineLog chan struct{}

func (l lineLog) Write(p []byte) (int, error) {
	select {
	case l <- struct{}{}:
	default:
	}
	return len(p), nil
}
func (l lineLog) Close() error { return nil }
