package worker_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"mercado/api/apitest"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// shownDelivery is a delivery with how each attempt at it went.
type shownDelivery struct {
	delivery
	LastAttemptAt *time.Time `json:"last_attempt_at"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	AttemptLog    []struct {
		Attempt        int
		BeganAt        time.Time `json:"began_at"`
		Milliseconds   int
		ResponseStatus *int `json:"response_status"`
		Error          *string
	} `json:"attempt_log"`
}

func showDelivery(by *apitest.Client, of delivery) shownDelivery {
	return apitest.Decode[shownDelivery](by.Get("/api/webhooks/deliveries/" + of.ID.String()).Want(http.StatusOK))
}

// TestEveryAttemptOfADeliveryIsShown has a receiver that refuses the first of two events: its owner sees when it
// was tried, how that went and when it is tried again, and that the second waits for it.
func TestEveryAttemptOfADeliveryIsShown(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	to.refuse = 1000
	registered := to.register(shop.Admin(), "order.placed", "order.confirmed")
	began := time.Now()
	placed := buyOne(shop)
	shop.AwaitStatus(placed, "delivered")
	workertest.Await(t, "both events to be told", func() bool { return len(deliveries(shop.Admin(), registered)) == 2 })
	second, first := deliveries(shop.Admin(), registered)[0], deliveries(shop.Admin(), registered)[1]
	var now shownDelivery
	workertest.Await(t, "a third attempt, after which it is not tried at once", func() bool {
		now = showDelivery(shop.Admin(), first)
		return now.Attempts >= 3 && now.NextAttemptAt != nil
	})
	if now.Status != "pending" || !now.NextAttemptAt.After(*now.LastAttemptAt) || len(now.AttemptLog) != now.Attempts {
		t.Errorf("what is refused is %+v", now)
	}
	for i, attempt := range now.AttemptLog {
		if attempt.Attempt != now.Attempts-i || attempt.ResponseStatus == nil || *attempt.ResponseStatus != http.StatusServiceUnavailable ||
			attempt.Error == nil || *attempt.Error != "status_503" || attempt.BeganAt.Before(began.Add(-time.Minute)) || attempt.Milliseconds < 0 {
			t.Errorf("attempt %d is shown as %+v", now.Attempts-i, attempt)
		}
		if i > 0 && attempt.BeganAt.After(now.AttemptLog[i-1].BeganAt) {
			t.Errorf("attempt %d began after the one that is newer", attempt.Attempt)
		}
	}
	if waits := showDelivery(shop.Admin(), second); waits.Attempts != 0 || waits.NextAttemptAt != nil || len(waits.AttemptLog) != 0 {
		t.Errorf("what waits for it is %+v", waits)
	}

	to.mu.Lock()
	to.refuse = 0
	to.mu.Unlock()
	shop.Admin().Post("/api/webhooks/deliveries/"+first.ID.String()+"/redeliver", nil).Want(http.StatusAccepted)
	workertest.Await(t, "it to be taken", func() bool {
		now = showDelivery(shop.Admin(), first)
		return now.Status == "delivered"
	})
	if last := now.AttemptLog[0]; now.NextAttemptAt != nil || last.Error != nil || *last.ResponseStatus != http.StatusOK || len(now.AttemptLog) != now.Attempts {
		t.Errorf("what was taken is %+v", now)
	}
}

// TestAttemptsAreKeptForAWhile looks at a delivery of which more attempts were made than are kept, and at those
// of another that were made too long ago.
func TestAttemptsAreKeptForAWhile(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	registered := to.register(shop.Admin(), "order.placed", "order.confirmed")
	buyOne(shop)
	workertest.Await(t, "both events to be taken", func() bool {
		told := deliveries(shop.Admin(), registered)
		return len(told) == 2 && !slices.ContainsFunc(told, func(d delivery) bool { return d.Status != "delivered" })
	})
	old, many := deliveries(shop.Admin(), registered)[0], deliveries(shop.Admin(), registered)[1]
	for _, of := range []delivery{old, many} {
		shop.Exec(`
			insert into ordering.webhook_attempts (delivery_id, attempt, began_at, milliseconds, error)
			select $1, attempt, now() - interval '29 days', 1, 'timeout' from generate_series(2, 70) as attempt`, of.ID)
		shop.Exec("update ordering.webhook_deliveries set attempts = 70 where id = $1", of.ID)
	}
	shop.Exec("update ordering.webhook_attempts set began_at = now() - interval '31 days' where delivery_id = $1 and attempt < 70", old.ID)
	shop.Admin().Post("/api/webhooks/deliveries/"+many.ID.String()+"/redeliver", nil).Want(http.StatusAccepted)
	var now shownDelivery
	workertest.Await(t, "it to be taken again", func() bool {
		now = showDelivery(shop.Admin(), many)
		return now.Attempts == 71
	})
	if oldest := now.AttemptLog[len(now.AttemptLog)-1]; len(now.AttemptLog) != 50 || now.AttemptLog[0].Attempt != 71 || oldest.Attempt != 22 {
		t.Errorf("%d attempts are kept, the oldest is %+v", len(now.AttemptLog), oldest)
	}
	workertest.Await(t, "what is old to be forgotten", func() bool {
		now = showDelivery(shop.Admin(), old)
		return len(now.AttemptLog) < 70
	})
	if len(now.AttemptLog) != 1 || now.AttemptLog[0].Attempt != 70 {
		t.Errorf("of the old ones are left %+v", now.AttemptLog)
	}
}

// TestEventNobodyTellsIsFound ends the workflow that tells of an event by force, and lets time pass.
func TestEventNobodyTellsIsFound(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	to.refuse = 1000
	registered := to.register(shop.Admin(), "order.confirmed")
	placed := buyOne(shop)
	workertest.Await(t, "the event to be refused", func() bool {
		told := deliveries(shop.Admin(), registered)
		return len(told) == 1 && told[0].Attempts > 0
	})
	terminate(t, shop, workflows.WebhookID(registered.ID, placed))
	to.mu.Lock()
	to.refuse = 0
	to.mu.Unlock()
	workertest.Await(t, "somebody to tell of it", func() bool {
		// Again and again: an attempt that was under way may be written down as the last.
		shop.Exec("update ordering.webhook_deliveries set last_attempt_at = now() - interval '6 hours' where status = 'pending'")
		return deliveries(shop.Admin(), registered)[0].Status == "delivered"
	})
}

// TestEndpointIsSwitchedOffWhileItIsToBeTold has an event written down for an endpoint at the moment in which it is
// switched off: nobody is told of it, nor does it wait for ever.
func TestEndpointIsSwitchedOffWhileItIsToBeTold(t *testing.T) {
	t.Parallel()
	shop := workertest.New(t)
	to := newReceiver(t)
	registered := to.register(shop.Admin(), "order.confirmed")
	shop.Admin().Patch("/api/webhooks/endpoints/"+registered.ID.String(), map[string]any{"is_active": false}).Want(http.StatusOK)
	placed := buyOne(shop)
	shop.Exec(`
		insert into ordering.webhook_deliveries (endpoint_id, event_id, order_id, event_type, created_at)
		select $1, id, order_id, type, now() - interval '1 minute'
		from ordering.order_events
		where order_id = $2 and type = 'order.confirmed'`, registered.ID, placed)
	workertest.Await(t, "it to be cancelled", func() bool { return deliveries(shop.Admin(), registered)[0].Status == "cancelled" })
	if told := to.types(); len(told) != 0 {
		t.Errorf("it is told of %v", told)
	}
}
