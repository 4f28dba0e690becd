package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
)

// requests is how the load generator asks: every buyer keeps a connection.
var requests = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

// buy buys one cart after the other through the API.
func (p *shop) buy(carts *carts) (func(context.Context, int) error, error) {
	body, err := json.Marshal(map[string]any{
		"payment_method":   map[string]any{"type": "card", "token": "approve"},
		"shipping_address": address,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ int) error {
		customer, err := carts.take()
		if err != nil {
			return err
		}
		token, err := p.tokens.Issue(auth.Principal{CustomerID: customer, Roles: []auth.Role{auth.Customer}})
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/api/checkout", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", uuid.NewString())
		_, err = answered(request, http.StatusCreated)
		return err
	}, nil
}

// answered sends a request and reads the answer, which must have this status.
func answered(request *http.Request, status int) ([]byte, error) {
	asked := time.Now()
	response, err := requests.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s answered %s after %s: %s", request.Method, request.URL.Path, response.Status, time.Since(asked).Round(time.Millisecond), answer)
	}
	return answer, err
}
