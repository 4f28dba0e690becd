package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"mercado/internal/settings"
)

// postgresName is the name of the superuser and of the database of a local Postgres.
const postgresName = "mercado"

// noSuchDatabase is Postgres's error code.
const noSuchDatabase = "3D000"

// Postgres is a local Postgres server.
type Postgres struct {
	Home string // data in HOME/postgres, log in HOME/logs
	Port Port
	// Throwaway trades the safety of the data for speed, and allows many connections: for tests.
	Throwaway bool
}

// URL returns the connection string of a database of the server.
func (p Postgres) URL(database string) string {
	address := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(postgresName, settings.DevelopmentPassword),
		Host:   p.Port.Address(),
		Path:   "/" + database,
	}
	return address.String()
}

// Start makes the server's data folder the first time, starts it, and returns when it answers and
// its database exists.
func (p Postgres) Start(ctx context.Context) (*Process, error) {
	binaries, err := FindPostgres()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	parent, err := ownedFolder(ctx, p.Home, "postgres", as)
	if err != nil {
		return nil, err
	}
	if home, err := filepath.Abs(p.Home); err == nil && !strings.HasPrefix(parent, home) {
		slog.InfoContext(ctx, "the user of Postgres cannot reach the home, so its data lie elsewhere", "path", parent)
	}
	data := filepath.Join(parent, "data")
	if err := p.initialise(ctx, binaries, parent, data, as); err != nil {
		return nil, err
	}
	if err := waitForPredecessor(ctx, data); err != nil {
		return nil, err
	}
	if err := p.Port.Check(ctx); err != nil {
		return nil, err
	}
	log, err := openLog(p.Home, "postgres")
	if err != nil {
		return nil, err
	}
	process, err := Start(Command{
		Name: "Postgres",
		Path: filepath.Join(binaries, "postgres"),
		Args: p.arguments(data),
		Env:  serverEnvironment(parent),
		Dir:  parent,
		Log:  log,
		User: as,
		// Fast shutdown: open transactions are rolled back, the data are written.
		Stop: syscall.SIGINT,
		// Immediate shutdown takes the backends along; the log is replayed at the next start.
		Orphaned: syscall.SIGQUIT,
	})
	if err != nil {
		return nil, err
	}
	if err := process.waitReady(ctx, p.prepare); err != nil {
		process.Kill()
		return nil, fmt.Errorf("%w (see %s)", err, log.Name())
	}
	return process, nil
}

func (p Postgres) arguments(data string) []string {
	options := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(p.Port.Number),
		"unix_socket_directories=", // a path may be too long for a socket
		"max_connections=200",
		"timezone=UTC",
		// The details of an error are the row that was refused: an e-mail address, a payment's token.
		"log_error_verbosity=terse",
		"log_parameter_max_length=0",
		"log_parameter_max_length_on_error=0",
	}
	if p.Throwaway {
		options = append(options, "max_connections=300", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=2GB")
	} else {
		// Postgres takes 128 MB when nothing is said, and pages of a list of a million products then read 40 blocks
		// each that are not there. Memory is used as there are data to fill it.
		// A load of years writes gigabytes in one transaction: with a checkpoint after each gigabyte, which is what
		// Postgres does when nothing is said, their pages are written again and again.
		options = append(options, "shared_buffers=512MB", "max_wal_size=4GB")
	}
	arguments := []string{"-D", data}
	for _, option := range options {
		arguments = append(arguments, "-c", option)
	}
	return arguments
}

// initialise runs initdb in a folder beside the final one, so that one that was killed half-way
// leaves nothing that looks like a database.
func (p Postgres) initialise(ctx context.Context, binaries, parent, data string, as *syscall.Credential) error {
	if _, err := os.Stat(data); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	fresh := data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	password := filepath.Join(parent, "password")
	if err := os.WriteFile(password, []byte(settings.DevelopmentPassword), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(password) }()
	if as != nil {
		if err := os.Chown(password, int(as.Uid), int(as.Gid)); err != nil {
			return err
		}
	}
	arguments := []string{
		"--pgdata", fresh, "--username", postgresName, "--pwfile", password,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
	}
	if p.Throwaway {
		arguments = append(arguments, "--no-sync")
	}
	command := exec.CommandContext(ctx, filepath.Join(binaries, "initdb"), arguments...)
	command.Dir = parent
	command.Env = serverEnvironment(parent)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return os.Rename(fresh, data)
}

// prepare succeeds when the server answers; it then makes the database if there is none.
func (p Postgres) prepare(ctx context.Context) error {
	connection, err := pgx.Connect(ctx, p.URL(postgresName))
	if err == nil {
		return connection.Close(ctx)
	}
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != noSuchDatabase {
		return err
	}
	connection, err = pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	_, err = connection.Exec(ctx, "create database "+pgx.Identifier{postgresName}.Sanitize())
	return err
}

// waitForPredecessor waits for the processes of a killed server, which end by themselves but not at
// once, and keep a new one from starting.
func waitForPredecessor(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, stopDeadline)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		pid, err := postgresIn(data)
		if err != nil || pid == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another Postgres (process %d) runs on %s: stop it first", pid, data)
		case <-tick.C:
		}
	}
}

// postgresIn returns a process of a Postgres that works on these data, or 0. All of them work in
// the folder itself.
func postgresIn(data string) (pid int, err error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, process := range processes {
		folder, err := os.Readlink(filepath.Join(process, "cwd"))
		if err != nil || folder != data {
			continue // another's, or gone by now
		}
		if name, err := os.ReadFile(filepath.Join(process, "comm")); err == nil && strings.HasPrefix(string(name), "postgres") {
			return strconv.Atoi(filepath.Base(process))
		}
	}
	return 0, nil
}

// FindPostgres returns the folder with the server programs of the newest Postgres of this machine.
func FindPostgres() (string, error) {
	versions, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	newest, folder := 0, ""
	for _, path := range versions {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		if err == nil && version > newest {
			newest, folder = version, filepath.Dir(path)
		}
	}
	if folder != "" {
		return folder, nil
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	return "", errors.New("no Postgres on this machine: run `make up`, or `apt-get install postgresql`, or give the address of one in MERCADO_DATABASE_URL")
}

// serverEnvironment is what a server sees: nothing of the settings of this process.
func serverEnvironment(home string) []string {
	environment := []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	if folder := os.Getenv("TMPDIR"); folder != "" {
		environment = append(environment, "TMPDIR="+folder)
	}
	return environment
}
