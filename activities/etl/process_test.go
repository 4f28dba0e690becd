package etl_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mercado/internal/devstack/stacktest"
)

// process is a mercado process of its own.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	output  *bytes.Buffer
	t       *testing.T
}

func (p *pipeline) command(arguments ...string) *exec.Cmd {
	command := exec.CommandContext(context.WithoutCancel(p.t.Context()), stacktest.Binary(p.t), arguments...)
	command.Env = p.environment()
	return command
}

func (p *pipeline) environment() []string {
	return append(p.world.Env(), "MERCADO_WORKER_ADDR=127.0.0.1:0", "MERCADO_ETL_TRIES=3")
}

// workProcess starts `mercado worker` and waits until it works on the queue etl.
func (p *pipeline) workProcess() *process {
	p.t.Helper()
	return p.workCommand(p.command("worker"))
}

// workCommand starts a command that becomes `mercado worker`, as workProcess does.
func (p *pipeline) workCommand(command *exec.Cmd) *process {
	p.t.Helper()
	command.Env = p.environment()
	started := &process{command: command, ended: make(chan struct{}), output: &bytes.Buffer{}, t: p.t}
	started.command.Stderr = started.output
	if err := started.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = started.command.Wait()
		close(started.ended)
	}()
	p.t.Cleanup(func() {
		started.kill()
		if p.t.Failed() {
			p.t.Logf("worker %d said:\n%s", started.command.Process.Pid, started.output)
		}
	})
	p.eventually("a worker announces itself", func() bool {
		workers, err := p.Shop.WorkersAnnounced(p.t.Context(), p.queue())
		return err == nil && workers > 0
	})
	return started
}

// kill ends the process as SIGKILL does, and returns when it is gone.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// eventually waits for a condition.
func (p *pipeline) eventually(what string, condition func() bool) {
	p.t.Helper()
	deadline := time.NewTimer(3 * time.Minute) // what was lost is found within one, on a machine that is not busy
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-look.C:
		case <-deadline.C:
			p.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// ran runs a command to its end.
func (p *pipeline) ran(arguments ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	var out, err bytes.Buffer
	command := p.command(arguments...)
	command.Stdout, command.Stderr = &out, &err
	_ = command.Run()
	return strings.TrimSpace(out.String()), err.String(), command.ProcessState.ExitCode()
}
