package stacktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"mercado/internal/devstack"
)

const (
	// superviseVariable makes a test program the servers' supervisor; its value is the repository.
	superviseVariable = "MERCADO_STACKTEST_SUPERVISE"
	// idle is how long the servers run when no test process needs them: as long as it may take to
	// build the tests of the next package.
	idle = 30 * time.Second
	// startDeadline is how long the servers may take to answer: all tests fail when they do not, however busy
	// the machine is.
	startDeadline = 5 * time.Minute
)

// supervise runs the servers until nobody needs them, and returns the exit code.
func supervise(root string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	run, err := openRunFolder(root)
	if err == nil {
		err = run.supervise(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (r runFolder) supervise(ctx context.Context) error {
	mine, err := devstack.TryLockFile(r.supervisorLock())
	if err != nil {
		return err
	}
	defer mine.Unlock()
	if err := errors.Join(removeHome(r.home()), r.makeHome()); err != nil {
		return err
	}
	stack, processes, err := r.startServers(ctx)
	if err != nil {
		return errors.Join(err, r.stopServers(processes), r.write(shared{Failure: err.Error()}))
	}
	if err := r.write(stack); err != nil {
		return errors.Join(err, r.stopServers(processes))
	}
	start, err := r.waitIdle(ctx, processes)
	err = errors.Join(err, os.Remove(r.state()), r.stopServers(processes))
	// Whoever comes now has waited for the start lock, and finds no supervisor.
	mine.Unlock()
	if start != nil {
		start.Unlock()
	}
	return err
}

func (r runFolder) startServers(ctx context.Context) (shared, []*devstack.Process, error) {
	ports, err := devstack.FreePorts(ctx, 5)
	if err != nil {
		return shared{}, nil, err
	}
	port := func(number int, of string) devstack.Port { return devstack.Port{Number: number, Of: of} }
	postgres := devstack.Postgres{Home: r.home(), Port: port(ports[0], "Postgres"), Throwaway: true}
	temporal := devstack.Temporal{
		Home: r.home(), Port: port(ports[1], "Temporal"), UI: port(ports[2], "the Temporal UI"), Throwaway: true,
	}
	minio := devstack.MinIO{Home: r.home(), Port: port(ports[3], "MinIO"), Console: port(ports[4], "the MinIO console")}

	starts := []func(context.Context) (*devstack.Process, error){postgres.Start, temporal.Start, minio.Start}
	processes := make([]*devstack.Process, len(starts))
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i, start := range starts {
		group.Go(func() (err error) {
			processes[i], err = start(ctx)
			return err
		})
	}
	err = group.Wait()
	return shared{Postgres: postgres.URL("postgres"), ObjectStore: minio.Settings(), Temporal: temporal.Settings()}, processes, err
}

// stopServers throws the servers and their data away.
func (r runFolder) stopServers(processes []*devstack.Process) error {
	var failures []error
	for _, process := range processes {
		if process != nil {
			failures = append(failures, process.Stop(context.Background()))
		}
	}
	return errors.Join(append(failures, removeHome(r.home()))...)
}

// waitIdle returns when no test process lives any more, holding the lock that start-up needs; or,
// without the lock, when a server has died or the supervisor is told to end.
func (r runFolder) waitIdle(ctx context.Context, processes []*devstack.Process) (*devstack.Lock, error) {
	died := make(chan error, len(processes))
	for _, process := range processes {
		go func() {
			<-process.Done()
			died <- process.Err()
		}()
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	needed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-died:
			return nil, err
		case <-tick.C:
		}
		if r.used() {
			needed = time.Now()
		}
		if time.Since(needed) < idle {
			continue
		}
		start, err := devstack.LockFile(r.startLock())
		if err != nil || !r.used() {
			return start, err
		}
		start.Unlock()
		needed = time.Now()
	}
}

// used reports whether a test process lives.
func (r runFolder) used() bool {
	lock, err := devstack.TryLockFile(r.usersLock())
	if err != nil {
		return true
	}
	lock.Unlock()
	return false
}

const (
	memory     = "/dev/shm"
	memoryRoom = 8 << 30 // what all tests together have been seen to need, and as much again
)

// makeHome makes the folder for the servers' data: in memory, where the system has a file system for that
// with room in it. The object store waits for the disk at every one of many small files.
func (r runFolder) makeHome() error {
	var room syscall.Statfs_t
	if syscall.Statfs(memory, &room) != nil || room.Bavail*uint64(room.Bsize) < memoryRoom {
		return os.Mkdir(r.home(), 0o755)
	}
	inMemory := filepath.Join(memory, filepath.Base(string(r)))
	return errors.Join(os.RemoveAll(inMemory), os.Mkdir(inMemory, 0o755), os.Symlink(inMemory, r.home()))
}

// folder makes a folder for a test, beside the data of the servers: in memory, where these are. What a load
// writes there are many small files that are soon gone.
func (r runFolder) folder(name string) (string, error) {
	home, err := filepath.EvalSymlinks(r.home())
	if err != nil {
		return "", err
	}
	path := filepath.Join(home, "tests", name)
	return path, os.MkdirAll(path, 0o755)
}

// removeHome removes the data of the servers, wherever they lie.
func removeHome(home string) error {
	if target, err := os.Readlink(home); err == nil {
		if err := os.RemoveAll(target); err != nil {
			return err
		}
	}
	if target, err := os.Readlink(filepath.Join(home, "postgres")); err == nil {
		if err := os.RemoveAll(target); err != nil {
			return err
		}
	}
	return os.RemoveAll(home)
}
