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
	// A child that another test forks at this moment may have a copy of the listener.
	eventually(t, "a free port is accepted", func() bool { return port.Check(t.Context()) == nil })
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
	server := newPostgres(t)
	process := server.start(t)
	server.execute(t, "create table kept as select 42 as answer")
	if err := syscall.Kill(process.PID(), syscall.SIGQUIT); err != nil { // as the kernel does when we are killed
		t.Fatal(err)
	}
	process = server.start(t) // while the first may be ending
	if answer := server.execute(t, "select answer from kept"); answer != 42 {
		t.Errorf("after the kill: %d, want 42", answer)
	}

	process.Kill() // takes no backend along and leaves postmaster.pid
	<-process.Done()
	server.stop(t, server.start(t))
}

// Its data may lie elsewhere, where removing the home does not reach them.
func TestRemovedHomeStartsAfresh(t *testing.T) {
	t.Parallel()
	server := newPostgres(t)
	process := server.start(t)
	server.execute(t, "create table kept as select 42 as answer")
	server.stop(t, process)
	if err := os.RemoveAll(server.Home); err != nil {
		t.Fatal(err)
	}
	process = server.start(t)
	server.execute(t, "create table kept as select 43 as answer")
	server.stop(t, process)
}

type postgres struct{ devstack.Postgres }

func newPostgres(t *testing.T) *postgres {
	t.Helper()
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
	return &postgres{devstack.Postgres{Home: home, Port: devstack.Port{Number: ports[0], Of: "Postgres"}}}
}

func (p *postgres) start(t *testing.T) *devstack.Process {
	t.Helper()
	process, err := p.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return process
}

func (p *postgres) stop(t *testing.T, process *devstack.Process) {
	t.Helper()
	if err := process.Stop(t.Context()); err != nil {
		t.Errorf("stop in order: %v", err)
	}
}

// execute runs a statement and returns the number it yields, if any.
func (p *postgres) execute(t *testing.T, statement string) (answer int) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), p.URL("mercado"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close(context.Background()) }()
	if err := connection.QueryRow(t.Context(), statement).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return answer
}
