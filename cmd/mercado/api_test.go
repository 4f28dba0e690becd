package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/auth"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/settings"
	"mercado/internal/store/shopdb"
	"mercado/worker"
)

var served = regexp.MustCompile(`msg=serving address=(\S+)`)

// startAPI runs `mercado api` in world on a free port and returns its address.
func startAPI(t *testing.T, world *stacktest.World) (address string, command *exec.Cmd) {
	t.Helper()
	command = exec.CommandContext(t.Context(), stacktest.Binary(t), "api", "--api-addr", "127.0.0.1:0")
	command.Env = world.Env()
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if match := served.FindStringSubmatch(lines.Text()); match != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return "http://" + match[1], command
		}
	}
	t.Fatalf("mercado api ended: %v", command.Wait())
	return "", nil
}

// awaitParts asks /readyz until it answers status and tells of parts as they are wanted.
func awaitParts(t *testing.T, address string, status int, wanted map[string]string) {
	t.Helper()
	eventually(t, fmt.Sprintf("/readyz to answer %d %v", status, wanted), func() bool {
		got, parts := readyParts(t, address)
		if got != status {
			return false
		}
		for part, want := range wanted {
			if parts[part] != want {
				return false
			}
		}
		return true
	})
}

// readyParts asks /readyz once, for its status and the state of each part.
func readyParts(t *testing.T, address string) (status int, parts map[string]string) {
	t.Helper()
	response, err := http.Get(address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Checks map[string]string `json:"checks"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer.Checks
}

func TestTheAPIIsReadyWhenEverythingIs(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	address, command := startAPI(t, world)

	awaitParts(t, address, http.StatusServiceUnavailable, map[string]string{
		"postgres": "ok", "temporal": "ok", "object_store": "ok", "orders_worker": "unavailable", "etl_worker": "unavailable",
	})
	announced, err := pgx.Connect(t.Context(), world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, queue := range []string{worker.OrdersQueue, worker.ETLQueue} {
		if err := shopdb.New(announced).AnnounceWorker(t.Context(), world.Temporal.TaskQueuePrefix+queue); err != nil {
			t.Fatal(err)
		}
	}
	awaitParts(t, address, http.StatusOK, nil)
	if err := announced.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	awaitParts(t, address, http.StatusServiceUnavailable, map[string]string{"orders_worker": "unavailable"}) // it is missed

	// A token from the command line is good where the home is the same.
	printing := exec.CommandContext(t.Context(), stacktest.Binary(t), "token", "--role", "admin")
	printing.Env = world.Env()
	token, err := printing.Output()
	if err != nil || strings.Count(string(token), "\n") != 1 {
		t.Fatalf("mercado token printed %q, %v", token, err)
	}
	apitest.NewClient(t, address, strings.TrimSpace(string(token))).Get("/api/identity/customers").Want(http.StatusOK)

	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("mercado api was asked to stop and ended with %v", err)
	}
}

func TestATokenIsBoundToWhomItIsFor(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if _, err := auth.LoadKey(settings.Environment{Home: home}, settings.Auth{}); err != nil {
		t.Fatal(err)
	}
	for arguments, good := range map[string]bool{
		"--role admin":                        true,
		"--role admin --customer 1":           true,
		"--role customer --customer 1":        true,
		"--role vendor --vendor 1":            true,
		"--role bi_analyst":                   true,
		"--role customer":                     false,
		"--role vendor":                       false,
		"--role vendor --vendor 0":            false,
		"--role customer --vendor 1":          false,
		"--role bi_analyst --customer 1":      false,
		"--role nobody":                       false,
		"":                                    false,
		"--role vendor --vendor 1 --customer": false,
	} {
		command := exec.CommandContext(t.Context(), stacktest.Binary(t), append([]string{"token", "--home", home}, strings.Fields(arguments)...)...)
		output, _ := command.Output()
		switch code := command.ProcessState.ExitCode(); {
		case good && (code != 0 || strings.Count(string(output), ".") != 2):
			t.Errorf("%s: exit code %d, %q", arguments, code, output)
		case !good && (code != 2 || len(output) != 0):
			t.Errorf("%s: exit code %d, %q", arguments, code, output)
		}
	}
}

// TestALockedRowLeavesTheAPIReady has more requests wait for one row than there are connections
// for requests.
func TestALockedRowLeavesTheAPIReady(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	address, _ := startAPI(t, world)
	locker, err := pgx.Connect(t.Context(), world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locker.Close(context.Background()) }()
	for _, statement := range []string{`
		with vendor as (insert into catalog.vendors (vendor_name, region) values ('Vendor', 'PT') returning id),
		category as (insert into catalog.categories (name) values ('Category') returning id),
		product as (
			insert into catalog.products (vendor_id, category_id, item_name, price, cost)
			select vendor.id, category.id, 'Lamp', 5, 1 from vendor, category
			returning id
		)
		insert into catalog.stock (product_id, on_hand) select id, 100 from product`,
		"insert into identity.customers (first_name, last_name, email) values ('Ana', 'Sousa', 'ana@example.com')",
		"begin",
		"select catalog.lock_stock(array[1])",
	} {
		if _, err := locker.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	printing := exec.CommandContext(t.Context(), stacktest.Binary(t), "token", "--role", "customer", "--customer", "1")
	printing.Env = world.Env()
	token, err := printing.Output()
	if err != nil {
		t.Fatal(err)
	}
	customer := apitest.NewClient(t, address, strings.TrimSpace(string(token)))
	var asked sync.WaitGroup
	connections := int(world.Database.MaxConns) / 2 // half of them are for requests
	ctx, enough := context.WithCancel(t.Context())
	defer asked.Wait()
	defer enough()
	for range 2 * connections {
		asked.Go(func() {
			for ctx.Err() == nil {
				customer.Put("/api/cart/items/1", map[string]any{"qty": 1}).WantProblem(http.StatusServiceUnavailable, "unavailable")
			}
		})
	}
	looking, err := pgx.Connect(t.Context(), world.Database.URL) // the activity that a transaction has seen stays as it was
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = looking.Close(context.Background()) }()
	allWait := func() bool {
		var waiting int
		if err := looking.QueryRow(t.Context(), `
			select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting >= connections
	}
	// A probe that waits for a connection as requests do may get one, but not three times in turn.
	eventually(t, "the API to answer for Postgres while every connection waits", func() bool {
		for range 3 {
			if !allWait() {
				return false
			}
			if _, parts := readyParts(t, address); parts["postgres"] != "ok" {
				return false
			}
		}
		return allWait()
	})
}

// TestATokenIsSignedWithAKeyThatIsThere: in the wrong home, a new key would sign what the API
// refuses.
func TestATokenIsSignedWithAKeyThatIsThere(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	code, said := runWith(t, []string{"MERCADO_HOME=" + home}, "token", "--role", "admin")
	if code != 2 || strings.Count(said, "\n") != 1 || !strings.Contains(said, home) {
		t.Errorf("exit code %d, %s", code, said)
	}
	if _, err := os.Stat(auth.HomeKey(home)); err == nil {
		t.Error("a key was made")
	}
}
