// Package stacktest gives each test a world of its own on real servers: a database, buckets and
// task queues on one Postgres, one Temporal and one object store that all tests of a run share.
//
// `go test ./...` runs every package as a process. The first that needs the servers starts its own
// program once more, detached, as their supervisor; all others find them through a file. Every
// process holds a shared lock while it lives, and the supervisor stops the servers when nobody has
// held it for a while.
package stacktest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	"mercado/internal/devstack"
	"mercado/internal/settings"
	"mercado/internal/temporal"
)

// World is what one test has for itself. It is gone when the test has ended.
type World struct {
	Database    settings.Database  // the shop and the warehouse are in one database
	Warehouse   settings.Warehouse // the same database, but see SeparateWarehouse
	ObjectStore settings.ObjectStore
	Temporal    settings.Temporal
	Home        string // a temporary folder
}

// Main runs the tests of a package that uses New. Call it from TestMain.
func Main(m *testing.M) {
	if root := os.Getenv(superviseVariable); root != "" {
		os.Exit(supervise(root))
	}
	os.Exit(m.Run())
}

// AtOnce has that many tests of the package run side by side, instead of as many as there are processors, unless the
// flag -parallel says otherwise. It is for tests that wait for servers longer than they compute. Call it from TestMain.
func AtOnce(tests int) {
	if err := flag.Set("test.parallel", strconv.Itoa(max(tests, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err) // the flag is there in every test binary
	}
}

// ServerLog is what a server that all tests share has logged so far: postgres, temporal or minio. What any of
// them did is in it.
func ServerLog(t testing.TB, name string) string {
	t.Helper()
	shared, err := theStack(t.Context())
	if err != nil {
		t.Fatalf("the servers of the tests: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(shared.run.home(), "logs", name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// How long a world may take to be made, with the servers if need be, and to be taken down. No test is about
// that.
const (
	makeDeadline  = 2 * startDeadline
	cleanDeadline = 5 * time.Minute
)

// New makes a world for one test: a migrated database, the four buckets, and a prefix for task
// queues that no other test uses.
func New(t testing.TB) *World {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), makeDeadline)
	defer cancel()
	shared, err := theStack(ctx)
	if err != nil {
		t.Fatalf("the servers of the tests: %v", err)
	}
	name := uniqueName()
	url, err := shared.createDatabase(ctx, name)
	if err != nil {
		t.Fatalf("database of the test: %v", err)
	}
	t.Cleanup(func() { cleanup(t, func(ctx context.Context) error { return shared.dropDatabase(ctx, name) }) })
	home, err := shared.run.folder(name)
	if err != nil {
		t.Fatalf("folder of the test: %v", err)
	}
	t.Cleanup(func() { cleanup(t, func(context.Context) error { return os.RemoveAll(home) }) })

	world := &World{
		Database:    settings.Database{URL: url, MaxConns: 16},
		Warehouse:   settings.Warehouse{URL: url, LockTimeout: time.Minute}, // tests hold locks to stop a load where they want it
		ObjectStore: shared.ObjectStore,
		Temporal:    shared.Temporal,
		Home:        home,
	}
	world.ObjectStore.BucketPrefix = name + "-"
	world.Temporal.TaskQueuePrefix = name + "-"
	if err := devstack.EnsureBuckets(ctx, world.ObjectStore); err != nil {
		t.Fatalf("buckets of the test: %v", err)
	}
	t.Cleanup(func() {
		cleanup(t, func(ctx context.Context) error { return devstack.RemoveBuckets(ctx, world.ObjectStore) })
	})
	t.Cleanup(func() {
		cleanup(t, func(ctx context.Context) error { return removeSchedules(ctx, world.Temporal) })
	})
	return world
}

// SeparateWarehouse gives the warehouse a database of its own.
func (w *World) SeparateWarehouse(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), makeDeadline)
	defer cancel()
	shared, err := theStack(ctx)
	if err != nil {
		t.Fatalf("the servers of the tests: %v", err)
	}
	name := uniqueName()
	if w.Warehouse.URL, err = shared.createDatabase(ctx, name); err != nil {
		t.Fatalf("database of the warehouse: %v", err)
	}
	t.Cleanup(func() { cleanup(t, func(ctx context.Context) error { return shared.dropDatabase(ctx, name) }) })
}

// removeSchedules ends what would go on starting workflows that nobody works on.
func removeSchedules(ctx context.Context, s settings.Temporal) error {
	c, err := temporal.Dial(ctx, s)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, name := range []string{"audit", "daily-etl", "forget-imports", "sweep-holds"} {
		err := c.ScheduleClient().GetHandle(ctx, s.TaskQueuePrefix+name).Delete(ctx)
		var none *serviceerror.NotFound
		if err != nil && !errors.As(err, &none) {
			return fmt.Errorf("remove schedule %s: %w", name, err)
		}
	}
	return nil
}

// Env returns the environment of a child process that is to live in this world: what the test's
// own process has, with the world's settings in place of any others.
func (w *World) Env() []string {
	// No schedule of a day shall come due in the middle of a test.
	notNow := time.Now().UTC().Add(12 * time.Hour).Format("15:04")
	environment := append(settings.Foreign(), "MERCADO_HOME="+w.Home, "MERCADO_ETL_DAILY_AT="+notNow)
	return append(environment, settings.Environ(w.Database, w.Warehouse, w.ObjectStore, w.Temporal)...)
}

func cleanup(t testing.TB, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanDeadline)
	defer cancel()
	if err := do(ctx); err != nil {
		t.Errorf("clean up after the test: %v", err)
	}
}

// uniqueName is fit for a database, a bucket and a task queue.
func uniqueName() string {
	random := make([]byte, 6)
	_, _ = rand.Read(random) // never fails
	return fmt.Sprintf("t%s", hex.EncodeToString(random))
}
