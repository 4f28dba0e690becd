package stacktest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"mercado/internal/devstack"
	"mercado/internal/settings"
)

// shared is what the supervisor tells the test processes about the servers of a run.
type shared struct {
	Postgres    string // connection string of the database that makes the others
	ObjectStore settings.ObjectStore
	Temporal    settings.Temporal
	Failure     string // why there are no servers

	run runFolder
	// users tells the supervisor that this process needs the servers. It is never released: the
	// kernel does that when the process ends.
	users *devstack.Lock
}

var (
	theStackOnce sync.Once
	theStackIs   *shared
	theStackErr  error
)

// theStack returns the servers of this test run, and starts them if they are not running.
func theStack(ctx context.Context) (*shared, error) {
	theStackOnce.Do(func() { theStackIs, theStackErr = joinStack(ctx) })
	return theStackIs, theStackErr
}

func joinStack(ctx context.Context) (*shared, error) {
	root, err := devstack.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	run, err := openRunFolder(root)
	if err != nil {
		return nil, err
	}
	start, err := devstack.LockFile(run.startLock())
	if err != nil {
		return nil, err
	}
	defer start.Unlock()
	users, err := devstack.ShareLockFile(run.usersLock())
	if err != nil {
		return nil, err
	}
	alive, err := run.supervised()
	if err != nil {
		return nil, err
	}
	if !alive {
		if err := devstack.EnsureInstalled(ctx, root); err != nil {
			return nil, err
		}
		if err := run.startSupervisor(ctx, root); err != nil {
			return nil, err
		}
	}
	stack, err := run.read()
	if err != nil {
		users.Unlock()
		return nil, err
	}
	stack.users = users
	return stack, nil
}

// runFolder holds what the test processes of one repository share. The database's user must be
// able to reach it, so it lies in the folder for temporary files.
type runFolder string

func openRunFolder(root string) (runFolder, error) {
	digest := sha256.Sum256([]byte(root))
	path := filepath.Join(os.TempDir(), fmt.Sprintf("mercado-test-%d-%s", os.Getuid(), hex.EncodeToString(digest[:6])))
	return runFolder(path), os.MkdirAll(path, 0o755)
}

func (r runFolder) startLock() string      { return filepath.Join(string(r), "start.lock") }
func (r runFolder) usersLock() string      { return filepath.Join(string(r), "users.lock") }
func (r runFolder) supervisorLock() string { return filepath.Join(string(r), "supervisor.lock") }
func (r runFolder) binaryLock() string     { return filepath.Join(string(r), "binary.lock") }
func (r runFolder) state() string          { return filepath.Join(string(r), "state.json") }
func (r runFolder) home() string           { return filepath.Join(string(r), "home") }

// supervised reports whether a supervisor lives.
func (r runFolder) supervised() (bool, error) {
	lock, err := devstack.TryLockFile(r.supervisorLock())
	if errors.Is(err, devstack.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	lock.Unlock()
	return false, nil
}

func (r runFolder) read() (*shared, error) {
	content, err := os.ReadFile(r.state())
	if err != nil {
		return nil, err
	}
	stack := &shared{run: r}
	if err := json.Unmarshal(content, stack); err != nil {
		return nil, fmt.Errorf("%s: %w", r.state(), err)
	}
	if stack.Failure != "" {
		return nil, errors.New(stack.Failure)
	}
	return stack, nil
}

// write replaces the state file, so that a reader finds it whole or not at all.
func (r runFolder) write(stack shared) error {
	content, err := json.MarshalIndent(stack, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.state()+".new", content, 0o644); err != nil {
		return err
	}
	return os.Rename(r.state()+".new", r.state())
}

// startSupervisor starts this test program once more as the servers' supervisor, detached from
// `go test`, and returns when it has written the state file.
func (r runFolder) startSupervisor(ctx context.Context, root string) error {
	if err := os.Remove(r.state()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	log, err := os.Create(filepath.Join(string(r), "supervisor.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(program) //nolint:noctx // it outlives this process
	command.Dir = root
	command.Env = append(os.Environ(), superviseVariable+"="+root)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(r.state()); err == nil {
			return nil
		}
		select {
		case err := <-ended:
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("their supervisor ended (%w): %s", err, strings.TrimSpace(string(said)))
		case <-ctx.Done():
			return fmt.Errorf("their supervisor does not answer, see %s: %w", log.Name(), ctx.Err())
		case <-tick.C:
		}
	}
}
