package worker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"mercado/internal/store/shopdb"
	"mercado/workflows"
)

// outbox is the consumer that has webhook endpoints told of events, and forgets how they were told long ago.
type outbox struct {
	workflows client.Client
	queue     string
	keep      time.Duration // how each attempt went
}

func (o *outbox) name() string { return "webhooks" }

func (o *outbox) begin(q *shopdb.Queries) reading { return &outboxReading{outbox: o, q: q} }

type outboxReading struct {
	*outbox
	q      *shopdb.Queries
	lookAt time.Time // when to look next for what nobody was asked to send
	// forgetAt is when to look next for attempts that are not to be kept any more.
	forgetAt time.Time
}

// read writes down what is to be told, then asks for it: what was written and not asked for is
// found by rest.
func (r *outboxReading) read(ctx context.Context, since string) (string, bool, error) {
	enqueued, err := r.q.EnqueueWebhooks(ctx, since)
	if err != nil {
		return "", false, fmt.Errorf("enqueue webhooks: %w", err)
	}
	group, telling := errgroup.WithContext(ctx)
	group.SetLimit(startsAtOnce)
	for _, pair := range enqueued.Told {
		endpoint, order, _ := strings.Cut(pair, "/")
		group.Go(func() error { return r.tell(telling, uuid.MustParse(endpoint), uuid.MustParse(order)) })
	}
	return enqueued.Snapshot, len(enqueued.Told) > 0, group.Wait()
}

const (
	lookEvery = 30 * time.Second
	// forgotten is longer than the longest pause between two attempts.
	forgotten   = 5 * time.Hour
	mostAtOneGo = 1000
	forgetEvery = 10 * time.Second
)

func (r *outboxReading) rest(ctx context.Context) error {
	if err := r.forget(ctx); err != nil {
		return err
	}
	if time.Now().Before(r.lookAt) {
		return nil
	}
	r.lookAt = time.Now().Add(lookEvery)
	pending, err := r.q.PendingWebhooks(ctx, shopdb.PendingWebhooksParams{
		OlderThanSeconds: forgotten.Seconds(), NewOlderThanSeconds: lookEvery.Seconds(), Most: mostAtOneGo,
	})
	if err != nil {
		return fmt.Errorf("look for forgotten webhooks: %w", err)
	}
	for _, row := range pending {
		if err := r.tell(ctx, row.EndpointID, row.OrderID); err != nil {
			return err
		}
	}
	return nil
}

// forget takes away how attempts of long ago went; at once again while there are as many as it takes.
func (r *outboxReading) forget(ctx context.Context) error {
	if time.Now().Before(r.forgetAt) {
		return nil
	}
	forgotten, err := r.q.ForgetWebhookAttempts(ctx, shopdb.ForgetWebhookAttemptsParams{
		OlderThanSeconds: r.keep.Seconds(), Most: mostAtOneGo,
	})
	if err != nil {
		return fmt.Errorf("forget attempts of webhooks: %w", err)
	}
	if forgotten < mostAtOneGo {
		r.forgetAt = time.Now().Add(forgetEvery)
	}
	return nil
}

func (r *outboxReading) tell(ctx context.Context, endpoint, order uuid.UUID) error {
	return workflows.TellEndpoint(ctx, r.workflows, r.queue, endpoint, order)
}
