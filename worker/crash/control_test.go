package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/workflows"
)

// control is where the processes tell that they have come to a boundary.
type control struct {
	url string

	mu    sync.Mutex
	armed *trap
	// unknown are the statements of requests that nobody has thought of.
	unknown map[string]bool
	seen    map[string]map[boundary]int // how often each workflow came to each boundary, Nth being 0
}

// unknownKind is of what has no points.
const unknownKind = "unknown"

// trap is set for the first arrival at a boundary in a workflow whose last id is newer than after.
type trap struct {
	boundary
	after   uuid.UUID // ids are in the order of time
	caught  chan arrival
	release chan struct{}
}

func newControl(t testing.TB) *control {
	t.Helper()
	c := &control{seen: map[string]map[boundary]int{}, unknown: map[string]bool{}}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(c.arrive), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	c.url = "http://" + listener.Addr().String()
	return c
}

func (c *control) arrive(w http.ResponseWriter, r *http.Request) {
	var at arrival
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.reach(r.Context(), at)
}

// reach has somebody who has come to a boundary wait there if a trap is set for it, until it is released
// or ctx ends, with which they are dead.
func (c *control) reach(ctx context.Context, at arrival) {
	c.mu.Lock()
	if at.Kind == unknownKind {
		c.unknown[at.Name] = true
		c.mu.Unlock()
		return
	}
	workflow := c.seen[at.Workflow]
	if workflow == nil {
		workflow = map[boundary]int{}
		c.seen[at.Workflow] = workflow
	}
	workflow[at.boundary]++
	at.Nth = workflow[at.boundary]
	sprung := c.armed
	if sprung == nil || sprung.boundary != at.boundary || !sprung.covers(at.Workflow) {
		c.mu.Unlock()
		return
	}
	c.armed = nil
	c.mu.Unlock()
	sprung.caught <- at
	select {
	case <-sprung.release:
	case <-ctx.Done():
	}
}

func (t *trap) covers(workflow string) bool {
	id, err := uuid.Parse(workflow[strings.LastIndex(workflow, "/")+1:])
	return err == nil && bytes.Compare(id[:], t.after[:]) > 0
}

// arm sets a trap at a boundary of whatever is placed from now on.
func (c *control) arm(b boundary) *trap {
	after, err := uuid.NewV7()
	if err != nil {
		panic(err)
	}
	for later := after; later.Time() == after.Time(); { // so that every later id is greater
		later = uuid.Must(uuid.NewV7())
	}
	t := &trap{boundary: b, after: after, caught: make(chan arrival, 1), release: make(chan struct{})}
	c.mu.Lock()
	c.armed = t
	c.mu.Unlock()
	return t
}

// disarm takes back a trap that nothing fell into.
func (c *control) disarm() {
	c.mu.Lock()
	c.armed = nil
	c.mu.Unlock()
}

// waits reports whether the checkout of an order waits for its transfer.
func (c *control) waits(id uuid.UUID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := range c.seen[workflows.CheckoutID(id)] {
		if at.Kind == "timer" && at.Phase == done {
			return true
		}
	}
	return false
}

// visited is where the workflows of an order have been.
func (c *control) visited(id uuid.UUID) (boundaries []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for workflow, seen := range c.seen {
		if strings.HasSuffix(workflow, id.String()) {
			for b, times := range seen {
				b.Nth = times
				boundaries = append(boundaries, b.String())
			}
		}
	}
	return boundaries
}

// notThoughtOf are the statements of requests that are neither known to read nor to write.
func (c *control) notThoughtOf() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.unknown))
}
