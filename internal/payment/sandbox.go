package payment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mercado/internal/money"
	"mercado/internal/signature"
)

// Sandbox is the adapter to the provider of `mercado sandbox`.
type Sandbox struct {
	base   string
	secret string
	client *http.Client
}

// NewSandbox talks to the sandbox at base; a call without an answer after timeout has an unknown
// outcome. Webhooks are signed with secret.
func NewSandbox(base, secret string, timeout time.Duration) *Sandbox {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &Sandbox{
		base:   strings.TrimSuffix(base, "/") + "/payments",
		secret: secret,
		client: &http.Client{Timeout: timeout, Transport: transport},
	}
}

// SandboxName is what the tables call the sandbox.
const SandboxName = "sandbox"

// Name implements Provider.
func (s *Sandbox) Name() string { return SandboxName }

// Authorize implements Provider.
func (s *Sandbox) Authorize(ctx context.Context, ask Authorization) (Payment, error) {
	return s.post(ctx, "", ask.IdempotencyKey, map[string]any{
		"reference": ask.Reference, "order_reference": ask.OrderReference,
		"method": ask.Method, "token": ask.Token, "amount": ask.Amount, "currency": ask.Currency,
	})
}

// Capture implements Provider.
func (s *Sandbox) Capture(ctx context.Context, ask Change) (Payment, error) {
	return s.change(ctx, "captures", ask)
}

// Void implements Provider.
func (s *Sandbox) Void(ctx context.Context, ask Change) (Payment, error) {
	return s.change(ctx, "void", ask)
}

// Refund implements Provider.
func (s *Sandbox) Refund(ctx context.Context, ask Change) (Payment, error) {
	return s.change(ctx, "refunds", ask)
}

// Get implements Provider.
func (s *Sandbox) Get(ctx context.Context, reference string) (Payment, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/"+url.PathEscape(reference), nil)
	if err != nil {
		return Payment{}, err
	}
	return s.do(request)
}

func (s *Sandbox) change(ctx context.Context, what string, ask Change) (Payment, error) {
	return s.post(ctx, "/"+url.PathEscape(ask.Reference)+"/"+what, ask.IdempotencyKey, map[string]any{"amount": ask.Amount})
}

func (s *Sandbox) post(ctx context.Context, path, key string, body map[string]any) (Payment, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return Payment{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+path, bytes.NewReader(encoded))
	if err != nil {
		return Payment{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	return s.do(request)
}

// sandboxPayment is the sandbox's JSON.
type sandboxPayment struct {
	ID          string       `json:"id"`
	Status      Status       `json:"status"`
	DeclineCode string       `json:"decline_code"`
	Amount      money.Amount `json:"amount"`
	Captured    money.Amount `json:"captured"`
	Refunded    money.Amount `json:"refunded"`
	Done        []string     `json:"done"`

	Instructions *Instructions `json:"instructions"`
	Transfers    []Transfer    `json:"transfers"`
}

func (s *Sandbox) do(request *http.Request) (Payment, error) {
	response, err := s.client.Do(request)
	if err != nil {
		return Payment{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return Payment{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch code := response.StatusCode; {
	case code == http.StatusNotFound:
		return Payment{}, ErrNotFound
	case code >= http.StatusInternalServerError:
		return Payment{}, fmt.Errorf("%w: provider answered %s", ErrUnknown, response.Status)
	case code != http.StatusOK && code != http.StatusCreated && code != http.StatusPaymentRequired:
		// The error is kept in histories: what the provider wrote may say too much for them.
		slog.Debug("payment provider refused a request", "status", response.Status, "body", string(body[:min(len(body), 200)]))
		return Payment{}, fmt.Errorf("provider answered %s", response.Status)
	}
	var told sandboxPayment
	if err := json.Unmarshal(body, &told); err != nil {
		return Payment{}, fmt.Errorf("%w: read answer: %w", ErrUnknown, err)
	}
	if response.StatusCode == http.StatusPaymentRequired {
		return Payment{}, &Declined{Code: told.DeclineCode, PaymentID: told.ID}
	}
	return Payment(told), nil
}

// SandboxSignature is the header that the sandbox signs its webhooks in, as package signature does.
const SandboxSignature = "Payment-Signature"

// ParseWebhook implements Provider. The sandbox sends an Event as it is.
func (s *Sandbox) ParseWebhook(header http.Header, body []byte, now time.Time) (Event, error) {
	if err := signature.Verify(s.secret, header.Get(SandboxSignature), now, body); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var event Event
	if err := json.Unmarshal(body, &event); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrWebhook, err)
	}
	if event.Kind == "" || event.Reference == "" || !event.keepable() {
		return Event{}, ErrWebhook
	}
	return event, nil
}
