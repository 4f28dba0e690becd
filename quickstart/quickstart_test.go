// Package quickstart_test runs docs/quickstart.md and README.md: their shell blocks are the test.
package quickstart_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mercado/api/apitest"
	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
)

func TestMain(m *testing.M) { stacktest.Main(m) }

// blocks returns what a reader of a document would type.
func blocks(t *testing.T, document string, least int) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	fenced := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(fenced) < least {
		t.Fatalf("%d shell blocks in %s", len(fenced), document)
	}
	script := "set -euo pipefail\n"
	for _, block := range fenced {
		script += block[1]
	}
	return script
}

// read types the blocks of a document into a bash, in a clone where `make up` runs, and returns
// what the reader sees.
func read(t *testing.T, world *stacktest.World, stack *up, document string, least int) string {
	t.Helper()
	clone := t.TempDir()
	if err := os.Mkdir(filepath.Join(clone, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"bin/mercado": stacktest.Binary(t), ".mercado": world.Home} {
		if err := os.Symlink(target, filepath.Join(clone, link)); err != nil {
			t.Fatal(err)
		}
	}
	// Every setting comes from the file that `mercado up` has written.
	reader := exec.CommandContext(t.Context(), "bash", "-c", blocks(t, document, least))
	reader.Dir = clone
	checked, exchanges := checkingProxy(t)
	reader.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + clone, "http_proxy=" + checked}
	output, err := reader.CombinedOutput()
	t.Logf("%s", output)
	if exchanges.Load() == 0 {
		t.Error("no answer of the API was compared with the OpenAPI document")
	}
	if err != nil {
		t.Fatalf("%s fails: %v\n%s", document, err, stack.said())
	}
	return string(output)
}

// checkingProxy stands between the reader's curl and the API, and compares every exchange with the OpenAPI
// document.
func checkingProxy(t *testing.T) (address string, exchanges *atomic.Int64) {
	t.Helper()
	exchanges = new(atomic.Int64)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:        func(*httputil.ProxyRequest) {}, // curl names the API in full
		Transport:      apitest.Transport(func(wrong error) { t.Error(wrong) }),
		ModifyResponse: func(*http.Response) error { exchanges.Add(1); return nil },
	})
	t.Cleanup(proxy.Close)
	return proxy.URL, exchanges
}

// TestReadme: its first order and its first ETL run, in a demo shop.
func TestReadme(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	output := read(t, world, start(t, world), "../README.md", 2)
	if !strings.Contains(output, `"status":"confirmed"`) {
		t.Error("the first order is not confirmed")
	}
	shop, err := pgx.Connect(t.Context(), world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shop.Close(t.Context()) }()
	query, err := os.ReadFile("testdata/first_order.sql")
	if err != nil {
		t.Fatal(err)
	}
	var placed, loaded int
	if err := shop.QueryRow(t.Context(), string(query)).Scan(&placed, &loaded); err != nil {
		t.Fatal(err)
	}
	if placed != 1 || loaded != 1 {
		t.Errorf("%d orders were placed and %d of them loaded, want one", placed, loaded)
	}
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	world := stacktest.New(t)
	output := read(t, world, start(t, world, "--demo=false"), "../docs/quickstart.md", 6)

	shop, err := pgx.Connect(t.Context(), world.Database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shop.Close(t.Context()) }()
	query, err := os.ReadFile("testdata/outcome.sql")
	if err != nil {
		t.Fatal(err)
	}
	var customers, vendors, products, orders, runs int
	var agree bool
	if err := shop.QueryRow(t.Context(), string(query)).Scan(&customers, &vendors, &products, &orders, &runs, &agree); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d customers, %d vendors, %d products, %d orders, %d runs, agree %t", customers, vendors, products, orders, runs, agree)
	if want := "10 customers, 5 vendors, 50 products, 22 orders, 2 runs, agree true"; got != want {
		t.Errorf("in the end %s, want %s", got, want)
	}
	if confirmed := strings.Count(output, "confirmed\n"); confirmed != 22 {
		t.Errorf("%d orders confirmed before the reader's eyes, want 22", confirmed)
	}
}

// up is a running `mercado up`.
type up struct {
	mu     sync.Mutex
	output bytes.Buffer
}

func (u *up) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.output.Write(p)
}

func (u *up) said() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.output.String()
}

// start runs the stack on the world's servers and waits until it says that it is ready.
func start(t *testing.T, world *stacktest.World, arguments ...string) *up {
	t.Helper()
	ports, err := devstack.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	u := new(up)
	arguments = append([]string{"up",
		fmt.Sprintf("--api-addr=127.0.0.1:%d", ports[0]),
		fmt.Sprintf("--worker-addr=127.0.0.1:%d", ports[1]),
		fmt.Sprintf("--sandbox-port=%d", ports[2]),
	}, arguments...)
	command := exec.Command(stacktest.Binary(t), arguments...)
	command.Env = world.Env()
	command.Stdout, command.Stderr = io.Writer(u), io.Writer(u)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the stack ended: %v\n%s", err, u.said())
			}
		case <-time.After(time.Minute):
			_ = command.Process.Kill()
			t.Errorf("the stack did not stop\n%s", u.said())
		}
	})

	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !strings.Contains(u.said(), "Mercado is ready") {
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			t.Fatalf("the stack ended: %v\n%s", err, u.said())
		case <-deadline:
			t.Fatalf("the stack is not ready\n%s", u.said())
		}
	}
	return u
}
