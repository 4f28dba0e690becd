package shipping

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Sandbox is the adapter to the carrier of `mercado sandbox`.
type Sandbox struct {
	base   string
	client *http.Client
}

// NewSandbox talks to the sandbox at base.
func NewSandbox(base string) *Sandbox {
	return &Sandbox{base: strings.TrimSuffix(base, "/") + "/labels", client: &http.Client{Timeout: 5 * time.Second}}
}

// Name implements Carrier.
func (s *Sandbox) Name() string { return "sandbox" }

// BuyLabel implements Carrier.
func (s *Sandbox) BuyLabel(ctx context.Context, parcel Parcel) (Label, error) {
	body, err := json.Marshal(map[string]any{"reference": parcel.Reference, "to": parcel.To})
	if err != nil {
		return Label{}, err
	}
	var label Label
	err = s.do(ctx, http.MethodPost, s.base, bytes.NewReader(body), &label)
	return label, err
}

// CancelLabel implements Carrier.
func (s *Sandbox) CancelLabel(ctx context.Context, reference string) error {
	var withdrawn Tracking
	return s.do(ctx, http.MethodPost, s.base+"/"+url.PathEscape(reference)+"/cancel", nil, &withdrawn)
}

// Track implements Carrier.
func (s *Sandbox) Track(ctx context.Context, trackingNumber string) (Tracking, error) {
	var tracking Tracking
	err := s.do(ctx, http.MethodGet, s.base+"/"+url.PathEscape(trackingNumber), nil, &tracking)
	return tracking, err
}

func (s *Sandbox) do(ctx context.Context, method, address string, body io.Reader, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask carrier: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated:
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrTooLate
	default:
		return fmt.Errorf("ask carrier: it answered %s", response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(into); err != nil {
		return fmt.Errorf("read carrier's answer: %w", err)
	}
	return nil
}
