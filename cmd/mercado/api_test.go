package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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

// partsWhen asks /readyz until it answers status, and returns the state of each part.
func partsWhen(t *testing.T, address string, status int) map[string]string {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		response, err := http.Get(address + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Checks map[string]string `json:"checks"`
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if err == nil && response.StatusCode == status {
			return answer.Checks
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz answers %s %v, %v; want %d", response.Status, answer.Checks, err, status)
		}
	}
}

func TestTheAPIIsReadyWhenEverythingIs(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	address, command := startAPI(t, world)

	parts := partsWhen(t, address, http.StatusServiceUnavailable)
	for part, want := range map[string]string{
		"postgres": "ok", "temporal": "ok", "object_store": "ok", "orders_worker": "unavailable", "etl_worker": "unavailable",
	} {
		if parts[part] != want {
			t.Errorf("%s is %s, want %s", part, parts[part], want)
		}
	}
	announced, err := pgx.Connect(t.Context(), world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, queue := range []string{worker.OrdersQueue, worker.ETLQueue} {
		if err := shopdb.New(announced).AnnounceWorker(t.Context(), world.Temporal.TaskQueuePrefix+queue); err != nil {
			t.Fatal(err)
		}
	}
	partsWhen(t, address, http.StatusOK)
	if err := announced.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	partsWhen(t, address, http.StatusServiceUnavailable) // a worker that is gone is missed

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
	answers := make([]*apitest.Answer, world.Database.MaxConns)
	for i := range answers {
		asked.Go(func() { answers[i] = customer.Put("/api/cart/items/1", map[string]any{"qty": 1}) })
	}
	answered := make(chan struct{})
	go func() { asked.Wait(); close(answered) }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		if parts := partsWhen(t, address, http.StatusServiceUnavailable); parts["postgres"] != "ok" {
			t.Errorf("postgres is %s", parts["postgres"])
		}
		select {
		case <-tick.C:
		case <-answered:
			for _, answer := range answers {
				answer.WantProblem(http.StatusServiceUnavailable, "unavailable")
			}
			return
		}
	}
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
