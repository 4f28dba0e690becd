package workertest

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"mercado/api/apitest"
	"mercado/internal/devstack"
	"mercado/internal/devstack/stacktest"
	"mercado/internal/store"
)

// Processes is a shop made of separate `mercado` processes, which a test can kill.
type Processes struct {
	World   *stacktest.World
	DB      *store.DB
	URL     string // of the API
	Sandbox string

	t           testing.TB
	program     string
	environment []string
	running     map[string]*stacktest.Child
}

// NewProcesses starts sandbox, API and worker as processes that last until the test ends.
// settings are variables as NAME=value that replace the defaults of the test.
func NewProcesses(t testing.TB, settings ...string) *Processes {
	t.Helper()
	p := &Processes{World: stacktest.New(t), t: t, program: stacktest.Binary(t), running: map[string]*stacktest.Child{}}
	db, err := store.Open(t.Context(), p.World.Database)
	if err != nil {
		t.Fatal(err)
	}
	p.DB = db
	t.Cleanup(db.Close)
	api, sandbox, worker := freeAddress(t), freeAddress(t), freeAddress(t)
	p.URL, p.Sandbox = "http://"+api, "http://"+sandbox
	p.environment = append(p.World.Env(),
		"MERCADO_API_ADDR="+api, "MERCADO_SANDBOX_ADDR="+sandbox, "MERCADO_WORKER_ADDR="+worker,
		"MERCADO_PAYMENT_URL="+p.Sandbox, "MERCADO_CARRIER_URL="+p.Sandbox,
		"MERCADO_REGISTERS_PER_ADDRESS=none", "MERCADO_SIGN_INS_PER_ADDRESS=none", // all tests come from here
		"MERCADO_PACK_AFTER=100ms", "MERCADO_SANDBOX_TRANSIT=200ms", "MERCADO_TRACK_EVERY=2s",
	)
	p.environment = append(p.environment, settings...)
	t.Cleanup(func() {
		for name := range p.running {
			p.Kill(name)
		}
	})
	p.Start("sandbox", "api", "worker")
	return p
}

// Start starts processes by the name of their command, and waits until the API answers.
func (p *Processes) Start(names ...string) {
	p.t.Helper()
	for _, name := range names {
		command := exec.CommandContext(context.Background(), p.program, name)
		command.Env = p.environment
		p.running[name] = stacktest.StartChild(p.t, command)
	}
	Await(p.t, "the API to live", func() bool {
		response, err := get(p.t, p.URL+"/livez")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	})
}

// Kill ends processes at once, as SIGKILL does.
func (p *Processes) Kill(names ...string) {
	p.t.Helper()
	for _, name := range names {
		killed := p.running[name]
		delete(p.running, name)
		if err := killed.Kill(); err != nil {
			p.t.Errorf("%s: %v", name, err)
		}
		if p.t.Failed() {
			p.t.Logf("log of %s:\n%s", name, killed.Log())
		}
	}
}

// Log is what a process that runs has printed so far.
func (p *Processes) Log(name string) string {
	p.t.Helper()
	return p.running[name].Log()
}

// PeakMemory is the most memory that a process that runs has had resident so far, in bytes.
func (p *Processes) PeakMemory(name string) int64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.running[name].PID()))
	if err != nil {
		p.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		p.t.Fatalf("read the peak memory of %s: %v", name, err)
	}
	return kib << 10
}

// Client asks the API with a token of the command line.
func (p *Processes) Client(flags ...string) *apitest.Client {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), p.program, append([]string{"token"}, flags...)...)
	command.Env = p.environment
	token, err := command.Output()
	if err != nil {
		p.t.Fatalf("mercado token: %v", err)
	}
	return apitest.NewClient(p.t, p.URL, strings.TrimSpace(string(token)))
}

// NewProducts adds products like Shop.NewProducts.
func (p *Processes) NewProducts(count int, stock int64) []int64 {
	p.t.Helper()
	admin := p.Client("--role", "admin")
	made := func(path string, body map[string]any) int64 {
		return apitest.Decode[apitest.Made](admin.Post(path, body).Want(http.StatusCreated)).ID
	}
	category := made("/api/catalog/categories", map[string]any{"name": "Category"})
	products := make([]int64, count)
	for i := range products {
		vendor := made("/api/catalog/vendors", map[string]any{"vendor_name": "Vendor " + strconv.Itoa(i), "region": "PT"})
		products[i] = made("/api/catalog/products", map[string]any{
			"vendor_id": vendor, "category_id": category, "item_name": "Product", "brand": "Acme",
			"price": strconv.Itoa(i+1) + "0.00", "cost": "1.00", "stock": stock,
		})
	}
	return products
}

// NewBuyer is a new customer, signed in.
func (p *Processes) NewBuyer() *Buyer {
	p.t.Helper()
	id := apitest.Decode[apitest.Made](apitest.NewClient(p.t, p.URL, "").Post("/api/identity/register", map[string]any{
		"email": "customer@example.com", "password": apitest.Password, "first_name": "Ana", "last_name": "Sousa",
	}).Want(http.StatusCreated)).ID
	return &Buyer{Client: p.Client("--role", "customer", "--customer", strconv.FormatInt(id, 10)), ID: id}
}

// freeAddress is one that nobody listens on, nor will by chance.
func freeAddress(t testing.TB) string {
	t.Helper()
	ports, err := devstack.FreePorts(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return devstack.Port{Number: ports[0]}.Address()
}
