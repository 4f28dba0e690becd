package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// A child that dies at once is started again after pauses that double from the first to the last.
// One that has lived for the last pause starts over with the first.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 15 * time.Second
)

// exitUsage is the exit code of a mercado process that cannot work with its settings.
const exitUsage = 2

// Child is a process that is started again whenever it ends.
type Child struct {
	Command Command                        // without its log
	OpenLog func() (io.WriteCloser, error) // called before each start
	// Restarts is told why the child has ended, and when it starts again.
	Restarts func(why error, pause time.Duration)
}

// Keep runs the child until the context ends, then stops it in order, or at once when kill ends.
// It returns early only when the child cannot be started at all, or says that its settings are
// wrong, which no restart can mend.
func (c Child) Keep(ctx, kill context.Context) error {
	pause := firstPause
	for ctx.Err() == nil {
		log, err := c.OpenLog()
		if err != nil {
			return err
		}
		command := c.Command
		command.Log = log
		process, err := Start(command)
		if err != nil {
			return err
		}
		started := time.Now()
		select {
		case <-ctx.Done():
			return process.Stop(kill)
		case <-process.Done():
		}
		var exit *exec.ExitError
		if errors.As(process.Err(), &exit) && exit.ExitCode() == exitUsage {
			return fmt.Errorf("%w: it cannot work with its settings", process.Err())
		}
		if time.Since(started) >= lastPause {
			pause = firstPause
		}
		c.Restarts(process.Err(), pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
	return nil
}
