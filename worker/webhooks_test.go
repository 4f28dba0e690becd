package worker_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mercado/api/apitest"
	"mercado/internal/order"
	"mercado/worker/workertest"
)

// receiver is somebody who takes webhooks, and checks by itself who has sent them.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu      sync.Mutex
	secrets []string
	refuse  int // the next so many
	got     []received
}

type received struct {
	ID      string
	Payload struct {
		ID, Type string
		Data     struct {
			OrderID  uuid.UUID      `json:"order_id"`
			VendorID int64          `json:"vendor_id"`
			Lines    []webhookLine  `json:"lines"`
			Rest     map[string]any `json:"-"`
		}
	}
	Body    string
	Refused bool
}

type webhookLine struct {
	VendorID int64 `json:"vendor_id"`
	Qty      int64
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := received{ID: request.Header.Get("webhook-id"), Body: string(body)}
	if !r.signed(request.Header, body) {
		r.t.Errorf("the signature of %s is wrong: %v", one.ID, request.Header)
	}
	if err := json.Unmarshal(body, &one.Payload); err != nil || one.Payload.ID != one.ID {
		r.t.Errorf("%v: %s", err, body)
	}
	if one.Refused = r.refuse > 0; one.Refused {
		r.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	r.got = append(r.got, one)
}

// signed checks a signature as Standard Webhooks describes it, without the shop's own code.
func (r *receiver) signed(header http.Header, body []byte) bool {
	for _, secret := range r.secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			r.t.Error(err)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), header.Get("webhook-timestamp"), body)
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if slices.Contains(strings.Fields(header.Get("webhook-signature")), want) {
			return true
		}
	}
	return false
}

// events is what arrived, oldest first, each with whether it was refused.
func (r *receiver) events() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) types() (types []string) {
	for _, one := range r.events() {
		types = append(types, one.Payload.Type)
	}
	return types
}

func (r *receiver) await(event string) {
	r.t.Helper()
	r.t.Cleanup(func() {
		if r.t.Failed() {
			r.t.Logf("received: %v", r.types())
		}
	})
	workertest.Await(r.t, "the receiver to hear of "+event, func() bool { return slices.Contains(r.types(), event) })
}

type endpoint struct {
	ID             uuid.UUID
	Secret         string
	IsActive       bool    `json:"is_active"`
	DisabledReason *string `json:"disabled_reason"`
}

// register has a receiver told of events.
func (r *receiver) register(by *apitest.Client, types ...string) endpoint {
	r.t.Helper()
	made := apitest.Decode[endpoint](by.Post("/api/webhooks/endpoints", map[string]any{"url": r.URL, "event_types": types}).Want(http.StatusCreated))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = append(r.secrets, made.Secret)
	return made
}

type delivery struct {
	ID        uuid.UUID
	EventID   string `json:"event_id"`
	EventType string `json:"event_type"`
	Status    string
	Attempts  int
	Error     *string
}

func deliveries(by *apitest.Client, of endpoint) []delivery {
	return apitest.Decode[struct{ Items []delivery }](by.Get("/api/webhooks/endpoints/" + of.ID.String() + "/deliveries?limit=100").Want(http.StatusOK)).Items
}

// TestEventsAreToldInTheirOrderAndAgainWhenRefused has a receiver refuse the first event twice.
func TestEventsAreToldInTheirOrderAndAgainWhenRefused(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	to.refuse = 2
	registered := to.register(shop.Admin())
	if !strings.HasPrefix(registered.Secret, "whsec_") {
		t.Errorf("the secret is %q", registered.Secret)
	}
	placed := buyOne(shop)
	to.await("order.delivered")

	got := to.events()
	if len(got) < 3 || !got[0].Refused || !got[1].Refused || got[0].ID != got[2].ID || got[2].Refused || got[2].Payload.Type != "order.placed" {
		t.Fatalf("the event that was refused was not told again first: %+v", got[:3])
	}
	var told []string
	seen := map[string]int{}
	for _, one := range got[2:] {
		told = append(told, one.Payload.Type)
		if seen[one.ID]++; seen[one.ID] > 1 {
			t.Errorf("%s arrived twice", one.ID)
		}
		if one.Payload.Data.OrderID != placed || len(one.Payload.Data.Lines) != 1 {
			t.Errorf("it tells of %+v", one.Payload)
		}
		if strings.Contains(one.Body, "Rua Augusta") || strings.Contains(one.Body, "example.com") {
			t.Errorf("it holds personal data: %s", one.Body)
		}
	}
	rows, err := shop.Deps.DB.Pool.Query(t.Context(), "select type from ordering.order_events where order_id = $1 order by id", placed)
	if err != nil {
		t.Fatal(err)
	}
	var happened []string
	for rows.Next() {
		var event string
		if err := rows.Scan(&event); err != nil {
			t.Fatal(err)
		}
		happened = append(happened, event)
	}
	if !slices.Equal(told, happened) {
		t.Errorf("told %v, want %v", told, happened)
	}
	workertest.Await(t, "every delivery to be written down", func() bool {
		listed := deliveries(shop.Admin(), registered)
		return len(listed) == len(happened) && !slices.ContainsFunc(listed, func(d delivery) bool { return d.Status != "delivered" })
	})
	if first := deliveries(shop.Admin(), registered)[len(happened)-1]; first.Attempts != 3 || first.EventID != got[0].ID {
		t.Errorf("the first delivery: %+v", first)
	}
	shown := shop.Admin().Get("/api/webhooks/endpoints/" + registered.ID.String()).Want(http.StatusOK)
	if strings.Contains(string(shown.Body), "whsec_") {
		t.Errorf("the secret is shown again: %s", shown.Body)
	}
}

// TestVendorIsToldOfTheirOwnPartOnly has two vendors and an operator listen to one order.
func TestVendorIsToldOfTheirOwnPartOnly(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	category := shop.NewCategory(0)
	vendors := []int64{shop.NewVendor(), shop.NewVendor(), shop.NewVendor()}
	var receivers []*receiver
	var endpoints []endpoint
	for _, vendor := range vendors {
		to := newReceiver(t)
		endpoints = append(endpoints, to.register(shop.Vendor(vendor)))
		receivers = append(receivers, to)
	}
	buyer := shop.NewBuyer()
	for _, vendor := range vendors[:2] {
		buyer.Put(shop.NewProduct(vendor, category, "10.00", 10), 2).Want(http.StatusOK)
	}
	placed := apitest.Decode[order.Document](buyer.Buy("approve").Want(http.StatusCreated)).ID
	shop.AwaitStatus(placed, order.Delivered)
	for i, to := range receivers[:2] {
		to.await("order.delivered")
		if types := to.types(); slices.Contains(types, "order.placed") || slices.Contains(types, "order.reserved") || !slices.Contains(types, "shipment.shipped") {
			t.Errorf("vendor %d is told of %v", i, types)
		}
		for _, one := range to.events() {
			of := one.Payload.Data.VendorID
			if (of != 0 && of != vendors[i]) || len(one.Payload.Data.Lines) != 1 || one.Payload.Data.Lines[0].VendorID != vendors[i] ||
				strings.Contains(one.Body, "total_amount") {
				t.Errorf("vendor %d is told %s", i, one.Body)
			}
		}
	}
	if got := receivers[2].events(); len(got) != 0 {
		t.Errorf("a vendor without lines is told %+v", got)
	}
	of := "/api/webhooks/endpoints/" + endpoints[0].ID.String()
	other := shop.Vendor(vendors[1])
	other.Get(of).WantProblem(http.StatusNotFound, "not_found")
	other.Get(of+"/deliveries").WantProblem(http.StatusNotFound, "not_found")
	other.Post(of+"/rotate", nil).WantProblem(http.StatusNotFound, "not_found")
	other.Delete(of).WantProblem(http.StatusNotFound, "not_found")
	if listed := apitest.Decode[struct{ Items []endpoint }](other.Get("/api/webhooks/endpoints").Want(http.StatusOK)).Items; len(listed) != 1 || listed[0].ID != endpoints[1].ID {
		t.Errorf("vendor 1 sees %+v", listed)
	}
}

// TestEndpointIsChangedRotatedSwitchedOffAndDeleted goes through the life of one.
func TestEndpointIsChangedRotatedSwitchedOffAndDeleted(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	admin := shop.Admin()
	to := newReceiver(t)
	registered := to.register(admin, "order.confirmed")
	path := "/api/webhooks/endpoints/" + registered.ID.String()
	buyOne(shop)
	to.await("order.confirmed")
	if types := to.types(); len(types) != 1 {
		t.Errorf("more than was asked for: %v", types)
	}

	written := func() delivery { // once the last attempt is, so that asking again is not taken for it
		t.Helper()
		var last delivery
		workertest.Await(t, "the delivery to be written down", func() bool {
			last = deliveries(admin, registered)[0]
			return last.Status == "delivered"
		})
		return last
	}
	// The receiver still has the old secret only: it signs for a day.
	rotated := apitest.Decode[endpoint](admin.Post(path+"/rotate", nil).Want(http.StatusOK)).Secret
	sent := written()
	again := "/api/webhooks/deliveries/" + sent.ID.String() + "/redeliver"
	shop.Vendor(shop.NewVendor()).Post(again, nil).WantProblem(http.StatusNotFound, "not_found")
	admin.Post(again, nil).Want(http.StatusAccepted)
	workertest.Await(t, "the event again", func() bool { return len(to.events()) == 2 })
	to.mu.Lock()
	to.secrets = []string{rotated}
	to.mu.Unlock()
	if again := written(); again.Attempts != 2 {
		t.Errorf("the second delivery: %+v", again)
	}
	admin.Post(again, nil).Want(http.StatusAccepted)
	workertest.Await(t, "the event a third time", func() bool { return len(to.events()) == 3 })
	if got := to.events(); got[0].ID != got[2].ID {
		t.Errorf("the event has another id: %+v", got)
	}

	admin.Patch(path, map[string]any{"is_active": false}).Want(http.StatusOK)
	admin.Post(again, nil).WantProblem(http.StatusConflict, "endpoint_disabled")
	listening := newReceiver(t)
	listening.register(admin, "order.confirmed")
	buyOne(shop)
	listening.await("order.confirmed")
	if len(to.events()) != 3 {
		t.Error("an endpoint that is switched off is told")
	}
	admin.Delete(path).Want(http.StatusNoContent)
	admin.Get(path).WantProblem(http.StatusNotFound, "not_found")

	for _, refused := range []string{"https://10.0.0.1/", "https://169.254.169.254/latest", "ftp://example.com/x", "https://user:word@example.com/"} {
		admin.Post("/api/webhooks/endpoints", map[string]any{"url": refused}).WantProblem(http.StatusUnprocessableEntity, "webhook_url_refused")
	}
	unknown := map[string]any{"url": "https://example.com/", "event_types": []string{"order.placed", "no.such"}}
	admin.Post("/api/webhooks/endpoints", unknown).WantProblem(http.StatusUnprocessableEntity, "unknown_event_type")
	delete(unknown, "url")
	made := apitest.Decode[endpoint](newReceiverless(admin).Want(http.StatusCreated))
	other := "/api/webhooks/endpoints/" + made.ID.String()
	admin.Patch(other, unknown).WantProblem(http.StatusUnprocessableEntity, "unknown_event_type")
	all := admin.Patch(other, map[string]any{"event_types": []string{}}).Want(http.StatusOK)
	if !strings.Contains(string(all.Body), `"event_types":[]`) {
		t.Errorf("it asks for %s", all.Body)
	}
	for range 18 {
		newReceiverless(admin).Want(http.StatusCreated)
	}
	newReceiverless(admin).WantProblem(http.StatusConflict, "too_many_endpoints")
}

func newReceiverless(by *apitest.Client) *apitest.Answer {
	return by.Post("/api/webhooks/endpoints", map[string]any{"url": "https://example.com/", "event_types": []string{"order.placed"}})
}

// TestEndpointThatOnlyFailsIsSwitchedOff lets it have failed for a week already.
func TestEndpointThatOnlyFailsIsSwitchedOff(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	to.refuse = 1000
	registered := to.register(shop.Admin(), "order.confirmed")
	shop.Exec("update ordering.webhook_endpoints set failing_since = now() - interval '7 days'")
	buyOne(shop)
	path := "/api/webhooks/endpoints/" + registered.ID.String()
	workertest.Await(t, "the endpoint to be switched off", func() bool {
		return !apitest.Decode[endpoint](shop.Admin().Get(path).Want(http.StatusOK)).IsActive
	})
	if now := apitest.Decode[endpoint](shop.Admin().Get(path).Want(http.StatusOK)); now.DisabledReason == nil || *now.DisabledReason != "failing" {
		t.Errorf("switched off: %+v", now)
	}
	workertest.Await(t, "what was left to be cancelled", func() bool { return deliveries(shop.Admin(), registered)[0].Status == "cancelled" })
	if last := deliveries(shop.Admin(), registered)[0]; last.Error == nil || *last.Error != "status_503" {
		t.Errorf("the delivery: %+v", last)
	}
}

// TestEventIsToldWhenTheWorkerDiesBetweenSendingAndWritingDown kills it while the receiver has the
// message and has not answered.
func TestEventIsToldWhenTheWorkerDiesBetweenSendingAndWritingDown(t *testing.T) {
	t.Parallel()
	shop := workertest.NewProcesses(t, "MERCADO_WEBHOOK_ALLOW_LOOPBACK=true")
	arrived, answer := make(chan string, 10), make(chan struct{})
	to := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- r.Header.Get("webhook-id")
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(to.Close)
	admin := shop.Client("--role", "admin")
	registered := apitest.Decode[endpoint](admin.Post("/api/webhooks/endpoints",
		map[string]any{"url": to.URL, "event_types": []string{"order.confirmed"}}).Want(http.StatusCreated))
	product := shop.NewProducts(1, 10)[0]
	buyer := shop.NewBuyer()
	buyer.Put(product, 1).Want(http.StatusOK)
	buyer.Buy("approve").Want(http.StatusCreated)
	first := <-arrived
	shop.Kill("worker")
	close(answer)
	if sent := deliveries(admin, registered); len(sent) != 1 || sent[0].Status != "pending" {
		t.Fatalf("it was written down before the worker died: %+v", sent)
	}
	shop.Start("worker")
	if second := <-arrived; second != first {
		t.Errorf("the second message is %s, the first was %s", second, first)
	}
	workertest.Await(t, "it to be written down", func() bool {
		sent := deliveries(admin, registered)
		return sent[0].Status == "delivered"
	})
}
