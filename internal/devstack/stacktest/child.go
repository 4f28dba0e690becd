package stacktest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// Child is a process that a test has started, and may kill.
type Child struct {
	command *exec.Cmd
	log     log
	ended   chan struct{}
	failure error // once ended is closed
}

// StartChild starts a command. What it prints is its Log, unless the command says where that goes. Whoever
// starts it ends it.
func StartChild(t testing.TB, command *exec.Cmd) *Child {
	t.Helper()
	c := &Child{command: command, ended: make(chan struct{})}
	if command.Stdout == nil {
		command.Stdout, command.Stderr = &c.log, &c.log
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		c.failure = command.Wait()
	}()
	return c
}

// PID is the process id.
func (c *Child) PID() int { return c.command.Process.Pid }

// Ended is closed when the process has.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// ExitCode is that of a process that has ended; -1 for one that was killed.
func (c *Child) ExitCode() int { return c.command.ProcessState.ExitCode() }

// Log is what the process has printed so far.
func (c *Child) Log() string { return c.log.String() }

// Signal sends the process a signal.
func (c *Child) Signal(signal os.Signal) error { return c.command.Process.Signal(signal) }

// Kill sends SIGKILL and returns when the process is gone. It fails when that has ended by itself before.
func (c *Child) Kill() error {
	select {
	case <-c.ended:
		return fmt.Errorf("%s had ended by itself: %w", c.command.Path, c.failure)
	default:
	}
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill %s: %w", c.command.Path, err)
	}
	<-c.ended
	return nil
}

// log takes what a process prints while a test may read it.
type log struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

// String implements fmt.Stringer.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
