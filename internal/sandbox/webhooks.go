package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"mercado/internal/signature"
)

// told is the fact that the shop has taken a webhook.
const told = "told"

// message is a webhook that the shop has not taken yet.
type message struct {
	id     string // in the queue; of the message itself the body tells
	url    string
	header string // of the signature
	body   any    // sent as JSON
	due    time.Time
	tries  int
}

func (s *Sandbox) applyTold(f fact) { delete(s.messages, f.Message) }

// beat is how often the carrier looks at its clock.
const beat = 50 * time.Millisecond

// deliver moves parcels and sends webhooks until ctx ends.
func (s *Sandbox) deliver(ctx context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second}
	clock := time.NewTicker(beat)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		}
		if err := s.arrive(); err != nil {
			return err
		}
		var sending errgroup.Group
		sending.SetLimit(8)
		for _, m := range s.due() {
			sending.Go(func() error { return s.send(ctx, client, m) })
		}
		if err := sending.Wait(); err != nil {
			return err
		}
	}
}

func (s *Sandbox) due() []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []message
	for _, m := range s.messages {
		if !m.due.After(time.Now()) {
			due = append(due, *m)
		}
	}
	return due
}

// send posts one webhook; one that is not taken is sent again later, less and less often.
func (s *Sandbox) send(ctx context.Context, client *http.Client, m message) error {
	refused := s.post(ctx, client, m)
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused == nil {
		_, err := s.happen(fact{Kind: told, carrierFact: carrierFact{Message: m.id}})
		return err
	}
	s.Log.Warn("webhook was not taken", "message", m.id, "tries", m.tries+1, "error", refused)
	if queued := s.messages[m.id]; queued != nil {
		queued.tries++
		queued.due = time.Now().Add(min(time.Second<<min(queued.tries, 10), 10*time.Minute))
	}
	return nil
}

func (s *Sandbox) post(ctx context.Context, client *http.Client, m message) error {
	body, err := json.Marshal(m.body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(m.header, signature.Sign(s.WebhookSecret, time.Now(), body))
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}
