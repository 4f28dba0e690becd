package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/payment"
	"mercado/internal/sandbox"
	"mercado/internal/shipping"
)

// box is a sandbox that can be opened again, as after a crash.
type box struct {
	t      testing.TB
	folder string
	server *httptest.Server
	open   *sandbox.Sandbox
}

func setup(t testing.TB) *box {
	b := &box{t: t, folder: t.TempDir()}
	b.start()
	t.Cleanup(b.crash)
	return b
}

func (b *box) start() {
	b.t.Helper()
	opened, err := sandbox.Open(sandbox.Config{
		Folder: b.folder, Slow: 50 * time.Millisecond, Transit: time.Hour, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.open, b.server = opened, httptest.NewServer(opened.Handler())
}

// crash leaves nothing but the journal.
func (b *box) crash() {
	b.server.CloseClientConnections()
	b.server.Close()
	_ = b.open.Close()
}

func (b *box) provider() payment.Provider {
	return payment.NewSandbox(b.server.URL, "a secret", time.Minute)
}

func ask(token string, amount money.Amount) payment.Authorization {
	id := uuid.NewString()
	return payment.Authorization{
		IdempotencyKey: "authorize/" + id, Reference: id, OrderReference: uuid.NewString(),
		Token: token, Amount: amount, Currency: "EUR",
	}
}

func TestWhatWasDoneSurvivesACrash(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := ask("approve", 1000)
	if _, err := b.provider().Authorize(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	part := payment.Change{IdempotencyKey: "capture/1", Reference: asked.Reference, Amount: 400}
	if _, err := b.provider().Capture(t.Context(), part); err != nil {
		t.Fatal(err)
	}
	b.crash()
	// A line that was cut short was never answered.
	journal, err := os.OpenFile(filepath.Join(b.folder, "journal.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = journal.WriteString(`{"kind":"captured","amo`)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.start()
	known, err := b.provider().Get(t.Context(), asked.Reference)
	if err != nil || known.Captured != 400 || known.Status != payment.Authorized {
		t.Fatalf("after the crash: %+v, %v", known, err)
	}
	// Asked again, nothing happens again.
	for range 3 {
		again, err := b.provider().Capture(t.Context(), part)
		if err != nil || again.Captured != 400 {
			t.Errorf("captured again: %+v, %v", again, err)
		}
	}
	whole, err := b.provider().Capture(t.Context(), payment.Change{IdempotencyKey: "capture/2", Reference: asked.Reference, Amount: 600})
	if err != nil || whole.Status != payment.Captured {
		t.Errorf("captured whole: %+v, %v", whole, err)
	}
}

func TestTokensChooseTheOutcome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for token, decline := range map[string]string{
		"approve": "", "slow": "", "capture_refused": "",
		"decline": "generic_decline", "insufficient_funds": "insufficient_funds", "anything": "invalid_token",
	} {
		_, err := b.provider().Authorize(t.Context(), ask(token, 1000))
		var declined *payment.Declined
		switch {
		case decline == "" && err != nil:
			t.Errorf("%s: %v", token, err)
		case decline != "" && (!errors.As(err, &declined) || declined.Code != decline):
			t.Errorf("%s: %v, want %s", token, err, decline)
		}
	}
	broke := ask("capture_refused", 1000)
	if _, err := b.provider().Authorize(t.Context(), broke); err != nil {
		t.Error(err)
	}
	b.crash()
	b.start()
	part := payment.Change{IdempotencyKey: "capture/broke", Reference: broke.Reference, Amount: 1}
	var refused *payment.Declined
	if _, err := b.provider().Capture(t.Context(), part); !errors.As(err, &refused) || refused.Code != "capture_refused" {
		t.Errorf("capture_refused: %v", err)
	}
	lost := ask("timeout_then_approved", 1000)
	hasty := payment.NewSandbox(b.server.URL, "a secret", 2*time.Second) // long enough to be heard
	if _, err := hasty.Authorize(t.Context(), lost); !errors.Is(err, payment.ErrUnknown) {
		t.Errorf("timeout: %v", err)
	}
	if known, err := b.provider().Get(t.Context(), lost.Reference); err != nil || known.Status != payment.Authorized {
		t.Errorf("timeout: %+v, %v", known, err)
	}
}

func TestOneKeyChargesOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := ask("approve", 1000)
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if told, err := b.provider().Authorize(context.WithoutCancel(t.Context()), asked); err != nil || told.Amount != 1000 {
				t.Errorf("%+v, %v", told, err)
			}
		})
	}
	asking.Wait()
	response, err := http.Get(b.server.URL + "/payments/" + asked.Reference)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if want := `"counts":{"authorizations":1,"declines":0,"captures":0,"voids":0,"refunds":0,"transfers":0}`; !contains(body, want) {
		t.Errorf("the provider has done %s", body)
	}
	other := asked
	other.Amount = 2000
	if _, err := b.provider().Authorize(t.Context(), other); err == nil {
		t.Error("the key was taken for another amount")
	}
}

func TestProviderRefusesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := ask("approve", 1000)
	change := func(key string, amount money.Amount) payment.Change {
		return payment.Change{IdempotencyKey: key, Reference: asked.Reference, Amount: amount}
	}
	if _, err := b.provider().Get(t.Context(), asked.Reference); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := b.provider().Capture(t.Context(), change("c0", 1)); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("capture: %v", err)
	}
	if _, err := b.provider().Authorize(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	if _, err := b.provider().Capture(t.Context(), change("c1", 1001)); err == nil {
		t.Error("captured more than was set aside")
	}
	if _, err := b.provider().Refund(t.Context(), change("r1", 1)); err == nil {
		t.Error("refunded what was not captured")
	}
	if _, err := b.provider().Void(t.Context(), change("v1", 0)); err != nil {
		t.Errorf("void: %v", err)
	}
	if _, err := b.provider().Capture(t.Context(), change("c2", 1)); err == nil {
		t.Error("captured what was voided")
	}
	// The void of a payment that arrives later bars it.
	late := ask("approve", 1000)
	if _, err := b.provider().Void(t.Context(), payment.Change{IdempotencyKey: "v2", Reference: late.Reference}); err != nil {
		t.Errorf("void of what is unknown: %v", err)
	}
	var declined *payment.Declined
	if _, err := b.provider().Authorize(t.Context(), late); !errors.As(err, &declined) {
		t.Errorf("authorised after its void: %v", err)
	}
}

func TestLabelIsBoughtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parcel := shipping.Parcel{Reference: uuid.NewString(), To: order.Address{Line1: "Rua Augusta 1", City: "Lisboa", Country: "PT"}}
	first, err := shipping.NewSandbox(b.server.URL).BuyLabel(t.Context(), parcel)
	if err != nil {
		t.Fatal(err)
	}
	b.crash()
	b.start()
	carrier := shipping.NewSandbox(b.server.URL)
	second, err := carrier.BuyLabel(t.Context(), parcel)
	if err != nil || second.TrackingNumber != first.TrackingNumber {
		t.Errorf("bought %+v and then %+v, %v", first, second, err)
	}
	if tracking, err := carrier.Track(t.Context(), first.TrackingNumber); err != nil || tracking.Status != shipping.InTransit {
		t.Errorf("track: %+v, %v", tracking, err)
	}
	if _, err := carrier.Track(t.Context(), "unknown"); !errors.Is(err, shipping.ErrNotFound) {
		t.Errorf("track: %v", err)
	}
	journal, err := os.ReadFile(filepath.Join(b.folder, "journal.jsonl"))
	if err != nil || contains(journal, "Augusta") {
		t.Errorf("the journal keeps the address: %v", err)
	}
}

func TestJournalKeepsNoToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, token := range []string{"approve", "tok_of_a_card"} {
		_, _ = b.provider().Authorize(t.Context(), ask(token, 1000))
	}
	journal, err := os.ReadFile(filepath.Join(b.folder, "journal.jsonl"))
	if err != nil || len(journal) == 0 || contains(journal, "approve") || contains(journal, "tok_of_a_card") {
		t.Errorf("the journal is %s, %v", journal, err)
	}
}

// TestCarrierWaitsUntilTheParcelIsKnown has a shop that writes a tracking number down a moment
// after it was given it.
func TestCarrierWaitsUntilTheParcelIsKnown(t *testing.T) {
	t.Parallel()
	told := make(chan time.Time, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- time.Now() }))
	t.Cleanup(shop.Close)
	box, err := sandbox.Open(sandbox.Config{
		Folder: t.TempDir(), Transit: time.Hour, WebhookURL: shop.URL, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- box.Serve(ctx, listener) }()
	bought := time.Now()
	parcel := shipping.Parcel{Reference: uuid.NewString(), To: order.Address{Country: "PT"}}
	if _, err := shipping.NewSandbox("http://"+listener.Addr().String()).BuyLabel(t.Context(), parcel); err != nil {
		t.Fatal(err)
	}
	if waited := (<-told).Sub(bought); waited < 400*time.Millisecond {
		t.Errorf("the carrier told after %s", waited)
	}
	stop()
	if err := errors.Join(<-served, box.Close()); err != nil {
		t.Error(err)
	}
}

func contains(text []byte, part string) bool { return bytes.Contains(text, []byte(part)) }
