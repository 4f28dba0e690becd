package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// Limits of one sending.
const (
	connectPatience = 5 * time.Second
	answerPatience  = 15 * time.Second
	mostOfAnswer    = 16 << 10 // bytes that are read, and thrown away
)

// Sender posts webhooks.
type Sender struct {
	Rules
	client *http.Client
}

// NewSender makes a Sender that keeps to rules. It uses no proxy, follows no redirect, and opens a
// connection for each message, so that each is checked.
func NewSender(rules Rules) *Sender {
	dialer := &net.Dialer{Timeout: connectPatience, Control: rules.control}
	return &Sender{Rules: rules, client: &http.Client{
		Timeout: answerPatience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: connectPatience,
			MaxResponseHeaderBytes: mostOfAnswer, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Message is one webhook.
type Message struct {
	URL     string
	ID      string // of the event
	Body    []byte // JSON
	Secrets []string
}

// Failure is why a webhook was not taken.
type Failure struct {
	Code   string // as timeout, status_500, forbidden_address
	Status int    // of the answer; 0 without one
}

// Error implements error.
func (f *Failure) Error() string { return "webhook was not taken: " + f.Code }

// Send posts a message once and returns the status of the answer. Only 2xx is success: everything
// else is a *Failure, which tells nothing of what the receiver wrote.
func (s *Sender) Send(ctx context.Context, m Message) (status int, err error) {
	if s.CheckURL(m.URL) != nil {
		return 0, &Failure{Code: "forbidden_address"}
	}
	now := time.Now()
	signed, err := signature(m.Secrets, m.ID, now, m.Body)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, &Failure{Code: "forbidden_address"}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Mercado-Webhooks/1")
	request.Header.Set(IDHeader, m.ID)
	request.Header.Set(TimestampHeader, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(SignatureHeader, signed)
	response, err := s.client.Do(request)
	if err != nil {
		return 0, &Failure{Code: codeOf(err)}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, mostOfAnswer)) // the status is the answer
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return response.StatusCode, nil
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return 0, &Failure{Code: "redirect", Status: response.StatusCode}
	default:
		return 0, &Failure{Code: fmt.Sprintf("status_%d", response.StatusCode), Status: response.StatusCode}
	}
}

// codeOf names what went wrong without an answer.
func codeOf(err error) string {
	var unresolved *net.DNSError
	var untrusted *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.Is(err, ErrForbidden):
		return "forbidden_address"
	case errors.As(err, &unresolved):
		return "unknown_host"
	case errors.As(err, &untrusted):
		return "bad_certificate"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	default:
		return "connection_failed"
	}
}
