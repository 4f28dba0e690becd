package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mercado/internal/payment"
	"mercado/internal/shipping"
)

// exchanges are the calls of the shop to payment provider and carrier, by what is asked of the sandbox.
// Each has two boundaries: the provider has not heard it yet, and it has answered what the shop has not
// heard yet.
var exchanges = map[string]string{
	"POST /payments":                      "Authorize",
	"GET /payments/{reference}":           "Get",
	"POST /payments/{reference}/captures": "Capture",
	"POST /payments/{reference}/void":     "Void",
	"POST /payments/{reference}/refunds":  "Refund",
	"POST /labels":                        "BuyLabel",
	"POST /labels/{reference}/cancel":     "CancelLabel",
	"GET /labels/{tracking_number}":       "Track",
}

// unasked are the methods of the ports that ask nobody.
var unasked = []string{"Name", "ParseWebhook"}

// exchangePoints lists the points of what each scenario asks of provider and carrier.
func exchangePoints() (points []point) {
	for _, name := range slices.Sorted(maps.Keys(scenarios)) {
		for _, asked := range scenarios[name].exchanges {
			s := step{"exchange", asked}
			points = append(points, point{name, boundary{s, before, 1}}, point{name, boundary{s, done, 1}})
		}
	}
	return points
}

// TestEveryExchangeHasPoints fails when a port learns to ask something and nobody is killed before its
// answer is known.
func TestEveryExchangeHasPoints(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, of := range scenarios {
		for _, name := range of.exchanges {
			asked[name] = true
		}
	}
	var methods []string
	for _, port := range []reflect.Type{reflect.TypeFor[payment.Provider](), reflect.TypeFor[shipping.Carrier]()} {
		for i := range port.NumMethod() {
			methods = append(methods, port.Method(i).Name)
		}
	}
	watched := slices.Collect(maps.Values(exchanges))
	for _, name := range methods {
		switch {
		case slices.Contains(unasked, name):
		case !slices.Contains(watched, name):
			t.Errorf("%s is not among the exchanges", name)
		case !asked[name]:
			t.Errorf("no scenario has somebody killed at %s", name)
		}
	}
	for name := range asked {
		if !slices.Contains(methods, name) {
			t.Errorf("no port has a method %s", name)
		}
	}
}

// provider stands before the sandbox, and can be away. Each process of the shop has an address of its own
// for it, another one each time that it is started, so that it is known who asks.
type provider struct {
	address   string
	away      atomic.Bool
	answering atomic.Pointer[func() error] // before each answer, which is lost when this fails

	mu      sync.Mutex
	parcels map[string]string // references by tracking number
}

// as is the address for a process that is started.
func (p *provider) as(name string) string { return p.address + "/" + name }

func newProvider(t testing.TB, sandbox string, c *control) *provider {
	t.Helper()
	p := &provider{parcels: map[string]string{}}
	behind := proxyTo(t, sandbox)
	mux := http.NewServeMux()
	mux.Handle("/", behind)
	for pattern, name := range exchanges {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			process := r.Header.Get(processHeader)
			role, _, _ := strings.Cut(process, ".")
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			at := arrival{Workflow: "exchange/" + p.about(r, body), boundary: boundary{step: step{"exchange", name}, Phase: before}, Role: role, Process: process}
			c.reach(r.Context(), at)
			if r.Context().Err() != nil {
				panic(http.ErrAbortHandler) // who asked is dead: the provider never hears of it
			}
			answer := httptest.NewRecorder()
			behind.ServeHTTP(answer, r)
			p.learn(at.Workflow, answer.Body.Bytes())
			if before := p.answering.Load(); before != nil && (*before)() != nil {
				panic(http.ErrAbortHandler)
			}
			at.Phase = done
			c.reach(r.Context(), at)
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}
	p.address = serveAside(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.away.Load() {
			panic(http.ErrAbortHandler)
		}
		process, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		r.Header.Set(processHeader, process)
		http.StripPrefix("/"+process, mux).ServeHTTP(w, r)
	}))
	return p
}

// processHeader says who asks the provider.
const processHeader = "Crash-Process"

// about is the payment or shipment that the provider is asked about.
func (p *provider) about(r *http.Request, body []byte) string {
	var sent struct {
		Reference string `json:"reference"`
	}
	_ = json.Unmarshal(body, &sent)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.PathValue("reference") != "":
		return r.PathValue("reference")
	case r.PathValue("tracking_number") != "":
		return p.parcels[r.PathValue("tracking_number")]
	default:
		return sent.Reference
	}
}

// learn knows a parcel by its number.
func (p *provider) learn(workflow string, answer []byte) {
	var told struct {
		TrackingNumber string `json:"tracking_number"`
	}
	if json.Unmarshal(answer, &told) == nil && told.TrackingNumber != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, known := p.parcels[told.TrackingNumber]; !known {
			p.parcels[told.TrackingNumber] = strings.TrimPrefix(workflow, "exchange/")
		}
	}
}

// messenger brings the webhooks of the sandbox to the API, and can be away.
type messenger struct {
	address string
	away    atomic.Bool
}

func newMessenger(t testing.TB, behind string) *messenger {
	t.Helper()
	m := &messenger{}
	proxy := proxyTo(t, behind)
	m.address = serveAside(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.away.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	return m
}

func proxyTo(t testing.TB, behind string) http.Handler {
	t.Helper()
	address, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // no answer stays none
	return proxy
}

// serveAside serves until the test ends.
func serveAside(t testing.TB, handler http.Handler) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + listener.Addr().String()
}
