package devstack_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/internal/devstack"
)

func TestPortInUseIsNamedWithItsFlag(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, number, _ := net.SplitHostPort(listener.Addr().String())
	port := devstack.Port{Number: listener.Addr().(*net.TCPAddr).Port, Of: "Postgres", Flag: "--postgres-port", Variable: "MERCADO_POSTGRES_PORT"}

	err = port.Check(t.Context())
	for _, word := range []string{number, "Postgres", "--postgres-port", "MERCADO_POSTGRES_PORT"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error %q does not name %s", err, word)
		}
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := port.Check(t.Context()); err != nil {
		t.Errorf("a free port is refused: %v", err)
	}
}

func TestHomeIsHeldByOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "home")
	first, err := devstack.HoldHome(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.Unclean {
		t.Error("a new home is said to be left by a killed process")
	}
	var inUse *devstack.HomeInUseError
	if _, err := devstack.HoldHome(path); !errors.As(err, &inUse) || inUse.PID == 0 {
		t.Errorf("a held home: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := devstack.HoldHome(path)
	if err != nil || second.Unclean {
		t.Errorf("a released home: %+v, %v", second, err)
	}
}

// The process that runs a stack may be killed with all its servers, and the machine may fail.
func TestPostgresStartsAgainAfterBeingKilled(t *testing.T) {
	t.Parallel()
	ports, err := devstack.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	t.Cleanup(func() { // where the database's user cannot reach a test's folder
		if elsewhere, err := os.Readlink(filepath.Join(home, "postgres")); err == nil {
			_ = os.RemoveAll(elsewhere)
		}
	})
	server := devstack.Postgres{Home: home, Port: devstack.Port{Number: ports[0], Of: "Postgres"}}
	start := func() *devstack.Process {
		t.Helper()
		process, err := server.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return process
	}
	execute := func(statement string, into ...any) {
		t.Helper()
		connection, err := pgx.Connect(t.Context(), server.URL("mercado"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close(context.Background()) }()
		rows, err := connection.Query(t.Context(), statement)
		if err != nil {
			t.Fatal(err)
		}
		if len(into) == 0 {
			rows.Close()
			err = rows.Err()
		} else {
			_, err = pgx.ForEachRow(rows, into, func() error { return nil })
		}
		if err != nil {
			t.Fatal(err)
		}
	}

	process := start()
	execute("create table kept as select 42 as answer")
	if err := syscall.Kill(process.PID(), syscall.SIGQUIT); err != nil { // as the kernel does when we are killed
		t.Fatal(err)
	}
	process = start() // while the first may be ending
	var answer int
	execute("select answer from kept", &answer)
	if answer != 42 {
		t.Errorf("after the kill: %d, want 42", answer)
	}

	process.Kill() // takes no backend along and leaves postmaster.pid
	<-process.Done()
	process = start()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := process.Stop(ctx); err != nil {
		t.Errorf("stop in order: %v", err)
	}
}
