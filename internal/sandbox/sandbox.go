// Package sandbox is a payment provider and a carrier that a shop can be tried and tested with:
// HTTP servers that keep what they were told across crashes and count for themselves what they
// have done. Card tokens choose how the provider behaves: see tokens.go.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config is how a sandbox behaves.
type Config struct {
	Folder        string        // of the journal
	Slow          time.Duration // how long the token slow waits with its answer
	Transit       time.Duration // from label to delivery
	Late          time.Duration // how late the webhooks of the token webhook_late are
	WebhookURL    string        // where the carrier's webhooks go
	PaymentURL    string        // where the payment provider's webhooks go; empty: nowhere
	WebhookSecret string        // what all of them are signed with
	Log           *slog.Logger  // nil: slog.Default
}

// Sandbox is the state of provider and carrier.
type Sandbox struct {
	Config
	journal *journal

	mu         sync.Mutex
	payments   map[string]*payment // by the shop's reference
	transfers  map[string]*payment // those asked for by transfer, by what is written on it
	operations map[string]fact     // by idempotency key
	labels     map[string]*label   // by tracking number
	parcels    map[string]*label   // by the shop's reference
	moving     map[string]*label   // those in transit, by tracking number
	messages   map[string]*message // webhooks not yet taken, by id
}

// fact is a line of the journal.
type fact struct {
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`

	Reference string `json:"reference,omitempty"` // the shop's: of a payment or a shipment
	Key       string `json:"key,omitempty"`       // idempotency key
	Request   string `json:"request,omitempty"`   // fingerprint of what the key was used for

	paymentFact
	carrierFact
}

// Open reads the journal and returns the sandbox as it was.
func Open(config Config) (*Sandbox, error) {
	if config.Log == nil {
		config.Log = slog.Default()
	}
	s := &Sandbox{
		Config:   config,
		payments: map[string]*payment{}, transfers: map[string]*payment{}, operations: map[string]fact{},
		labels: map[string]*label{}, parcels: map[string]*label{}, moving: map[string]*label{}, messages: map[string]*message{},
	}
	journal, err := openJournal(config.Folder, s.apply)
	if err != nil {
		return nil, err
	}
	s.journal = journal
	return s, nil
}

// Close closes the journal.
func (s *Sandbox) Close() error { return s.journal.close() }

// Serve answers requests on listener and delivers parcels until ctx ends.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	// Requests end with the sandbox: one that never answers must not hold it up.
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve sandbox: %w", err)
		}
		return nil
	})
	group.Go(func() error { return s.deliver(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(shutdown) == nil {
			return nil
		}
		return server.Close() // a connection that never asked anything is no reason to wait
	})
	return group.Wait()
}

// Handler serves the provider under /payments and the carrier under /labels.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("POST /payments", s.authorize)
	mux.HandleFunc("GET /payments", s.countPayments)
	mux.HandleFunc("GET /payments/{reference}", s.getPayment)
	mux.HandleFunc("POST /payments/{reference}/captures", s.change(captured))
	mux.HandleFunc("POST /payments/{reference}/void", s.change(voided))
	mux.HandleFunc("POST /payments/{reference}/refunds", s.change(refunded))
	mux.HandleFunc("POST /transfers", s.receiveTransfer)
	mux.HandleFunc("POST /expirations", s.befall(expire))
	mux.HandleFunc("POST /refund-failures", s.befall(bounce))
	mux.HandleFunc("POST /labels", s.buyLabel)
	mux.HandleFunc("GET /labels/{tracking_number}", s.track)
	mux.HandleFunc("POST /labels/{reference}/cancel", s.cancelLabel)
	mux.HandleFunc("GET /labels/{tracking_number}/label.txt", s.printLabel)
	return mux
}

// apply makes a fact part of the state, when it happens and when the journal is replayed.
func (s *Sandbox) apply(f fact) error {
	apply, known := effects[f.Kind]
	if !known {
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	apply(s, f)
	if f.Key != "" {
		s.operations[f.Key] = f
	}
	return nil
}

var effects = map[string]func(*Sandbox, fact){
	awaited:    (*Sandbox).applyAwaited,
	received:   (*Sandbox).applyReceived,
	authorized: (*Sandbox).applyAuthorized,
	declined:   (*Sandbox).applyDeclined,
	captured:   (*Sandbox).applyCaptured,
	voided:     (*Sandbox).applyVoided,
	expired:    (*Sandbox).applyVoided,
	bounced:    (*Sandbox).applyBounced,
	refunded:   (*Sandbox).applyRefunded,
	stingy:     (*Sandbox).applyStingy,
	labelled:   (*Sandbox).applyLabelled,
	delivered:  (*Sandbox).applyDelivered,
	missed:     (*Sandbox).applyMissed,
	withdrawn:  (*Sandbox).applyWithdrawn,
	told:       (*Sandbox).applyTold,
}

// happen writes a fact down and applies it; the caller holds mu. What it returns waits for the
// disk, to be called without mu before anybody is told.
func (s *Sandbox) happen(f fact) (durable func() error, err error) {
	f.At = time.Now().UTC()
	number, err := s.journal.write(f)
	if err != nil {
		return nil, err
	}
	if err := s.apply(f); err != nil {
		return nil, err
	}
	return func() error { return s.journal.sync(number) }, nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}
