package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Command describes a child process.
type Command struct {
	Name string // in messages
	Path string
	Args []string
	Env  []string // the whole environment; empty for one without settings
	Dir  string
	// Log receives what the process writes to stdout and stderr.
	Log io.WriteCloser
	// User is who the process runs as; nil means the user of this process.
	User *syscall.Credential
	// Stop asks the process to end in order; zero means SIGTERM.
	Stop syscall.Signal
	// Orphaned is what the kernel sends the process when this one dies; zero means SIGKILL.
	Orphaned syscall.Signal
}

// Process is a running child.
type Process struct {
	Name string

	command *exec.Cmd
	stop    syscall.Signal
	done    chan struct{}
	err     error // how it ended; read after done is closed
}

// Start starts a child process in a process group of its own, so that a Ctrl-C at the terminal
// reaches only this process, which then stops its children in order.
func Start(c Command) (*Process, error) {
	command := exec.Command(c.Path, c.Args...) //nolint:noctx // its end is ordered by Stop, not by a context
	command.Dir = c.Dir
	command.Env = c.Env
	if command.Env == nil {
		command.Env = []string{}
	}
	command.Stdout, command.Stderr = c.Log, c.Log
	command.WaitDelay = time.Second
	command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true,
		Credential: c.User,
		Pdeathsig:  orSignal(c.Orphaned, syscall.SIGKILL),
	}
	if err := startOnLastingThread(command); err != nil {
		_ = c.Log.Close()
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	process := &Process{Name: c.Name, command: command, stop: orSignal(c.Stop, syscall.SIGTERM), done: make(chan struct{})}
	go func() {
		process.err = command.Wait()
		_ = c.Log.Close()
		close(process.done)
	}()
	return process, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the process id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Err says how the process ended, in words; call it after Done.
func (p *Process) Err() error {
	if p.err == nil {
		return fmt.Errorf("%s ended", p.Name)
	}
	return fmt.Errorf("%s ended: %w", p.Name, p.err)
}

// Stop asks the process to end and waits until it has. When the context ends first, the whole
// process group is killed. Stopping a process that has ended does nothing.
func (p *Process) Stop(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.command.Process.Signal(p.stop); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.Kill()
		<-p.done
		return fmt.Errorf("stop %s: killed: %w", p.Name, context.Cause(ctx))
	}
}

// Kill ends the process group at once.
func (p *Process) Kill() { _ = syscall.Kill(-p.PID(), syscall.SIGKILL) }

// waitReady calls ready until it succeeds, the process ends, or the deadline passes: that of the context, or
// startDeadline where it has none.
func (p *Process) waitReady(ctx context.Context, ready func(context.Context) error) error {
	if _, given := ctx.Deadline(); !given {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, startDeadline)
		defer cancel()
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.Name, err)
		case <-tick.C:
		}
	}
}

// The kernel sends Pdeathsig when the thread that forked the child ends, not the process: all
// children are therefore forked by one thread that lives as long as this process.
var (
	startRequests     = make(chan startRequest)
	startStarterOnce  sync.Once
	startOnThisThread = func() {
		runtime.LockOSThread()
		for request := range startRequests {
			request.answer <- request.command.Start()
		}
	}
)

type startRequest struct {
	command *exec.Cmd
	answer  chan error
}

func startOnLastingThread(command *exec.Cmd) error {
	startStarterOnce.Do(func() { go startOnThisThread() })
	answer := make(chan error)
	startRequests <- startRequest{command, answer}
	return <-answer
}

func orSignal(signal, otherwise syscall.Signal) syscall.Signal {
	if signal == 0 {
		return otherwise
	}
	return signal
}
