package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"mercado/internal/auth"
)

// requests is how the load generator asks: every buyer keeps a connection.
var requests = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

// checkouts buys one cart after the other through the API.
func (p *shop) checkouts(carts *carts) (func(context.Context, int) error, error) {
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
		return answered(request, http.StatusCreated)
	}, nil
}

// answered sends a request and reads the answer to its end.
func answered(request *http.Request, status int) error {
	asked := time.Now()
	response, err := requests.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("%s %s answered %s after %s: %s", request.Method, request.URL.Path, response.Status, time.Since(asked).Round(time.Millisecond), answer)
	}
	return err
}

// subject is one of the things that are measured beside each other.
type subject struct {
	name string
	do   func(context.Context, int) error
	// before, which may be nil, makes ready for so many.
	before func(ctx context.Context, count int) error
}

// figure is what one subject did with so many at once.
type figure struct {
	AtOnce int `json:"at_once"`
	// Highest is the highest rate, as the median of several rounds in turns with the others;
	// Sustained is one that was served as it came, for as long as it came.
	Highest   float64   `json:"highest_per_s"`
	Rounds    []float64 `json:"rounds_per_s"`
	Sustained outcome   `json:"sustained"`
	// Unhurried is at half the highest rate: what one of them takes when nobody queues.
	Unhurried outcome `json:"unhurried"`
	// CPU is milliseconds of processor time for each, by program, at the highest rate.
	CPU      map[string]float64 `json:"cpu_ms_each"`
	CPUTotal float64            `json:"cpu_ms_each_total"`
}

// compare puts the same loads on all subjects, in turns, so that whatever else the machine does
// meets all of them.
func (b *bench) compare(ctx context.Context, p *shop, atOnce int, subjects []subject) (map[string]*figure, error) {
	figures := map[string]*figure{}
	for _, s := range subjects {
		figures[s.name] = &figure{AtOnce: atOnce, CPU: map[string]float64{}}
	}
	for round := range b.rounds + 1 { // the first warms up
		for _, s := range subjects {
			count := int(b.lasts.Seconds() * 400) // more than any of them can
			if f := figures[s.name]; len(f.Rounds) > 0 {
				count = int(slices.Max(f.Rounds)*b.lasts.Seconds()*1.5) + 50
			}
			if err := s.ready(ctx, count); err != nil {
				return nil, err
			}
			earlier, err := p.used()
			if err != nil {
				return nil, err
			}
			result, err := run(ctx, load{atOnce: atOnce, lasts: b.lasts}, s.do)
			if err != nil {
				return nil, fmt.Errorf("%s, %d at once: %w", s.name, atOnce, err)
			}
			now, err := p.used()
			if err != nil {
				return nil, err
			}
			if round == 0 {
				continue
			}
			f := figures[s.name]
			f.Rounds = append(f.Rounds, result.Achieved)
			f.CPUTotal = 0
			for program, spent := range now.per(earlier, result.Done) {
				f.CPU[program] += (spent - f.CPU[program]) / float64(len(f.Rounds))
				f.CPUTotal += f.CPU[program]
			}
		}
	}
	for _, s := range subjects {
		f := figures[s.name]
		f.Highest = median(f.Rounds)
		for _, share := range []float64{0.9, 0.8, 0.7, 0.6, 0.5} {
			result, err := b.at(ctx, s, load{rate: share * f.Highest, atOnce: atOnce, lasts: b.lasts})
			if err != nil {
				return nil, err
			}
			if f.Sustained = result; result.sustained() {
				break
			}
		}
		var err error
		if f.Unhurried, err = b.at(ctx, s, load{rate: f.Highest / 2, atOnce: atOnce, lasts: b.lasts + time.Second}); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

func (b *bench) at(ctx context.Context, s subject, l load) (outcome, error) {
	if err := s.ready(ctx, int(l.rate*l.lasts.Seconds())+10); err != nil {
		return outcome{}, err
	}
	result, err := run(ctx, l, s.do)
	if err != nil {
		return outcome{}, fmt.Errorf("%s, %.0f a second: %w", s.name, l.rate, err)
	}
	return result, nil
}

func (s subject) ready(ctx context.Context, count int) error {
	if s.before == nil {
		return nil
	}
	return s.before(ctx, count)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
