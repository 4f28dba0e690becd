package crash_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"mercado/internal/order"
)

// hear keeps the first answer that tells how an order ended: from then on everybody is told just that.
// Only 202 is also what somebody is told who does not want to wait.
func (p *purchase) hear(status int, body []byte) {
	if p.first == nil && status == p.answer && status != http.StatusAccepted && !inFlight(body) {
		p.first = body
	}
}

func inFlight(body []byte) bool { return bytes.Contains(body, []byte(`"idempotency_in_flight"`)) }

// judgeAnswer compares what an order's request is answered, when all is over, with how the order was
// placed, and with what was answered first.
func (s *stack) judgeAnswer(p *purchase) (wrong error) {
	status, body, err := s.ask(p, "wait=20")
	if err != nil {
		return err
	}
	if status != p.answer {
		return fmt.Errorf("asked again it is answered %d %s", status, body)
	}
	if p.first == nil {
		p.first = body
	}
	if !bytes.Equal(body, p.first) {
		wrong = fmt.Errorf("asked again it is answered %s, and was answered %s", body, p.first)
	}
	if status < http.StatusMultipleChoices {
		return errors.Join(wrong, s.judgeOrder(p, body))
	}
	var refused struct {
		Code order.CancelReason `json:"code"`
	}
	if err := json.Unmarshal(body, &refused); err != nil || refused.Code != p.reason {
		wrong = errors.Join(wrong, fmt.Errorf("asked again it is refused with %s", body), err)
	}
	return wrong
}

// judgeOrder compares an order that was answered with the order as it stands.
func (s *stack) judgeOrder(p *purchase, body []byte) (wrong error) {
	var answered struct {
		order.Document
		Links struct {
			Self string `json:"self"`
		} `json:"links"`
	}
	if err := json.Unmarshal(body, &answered); err != nil {
		return fmt.Errorf("%w: %s", err, body)
	}
	stands, err := s.db.FindOrder(s.t.Context(), p.order, nil)
	if err != nil {
		return err
	}
	if answered.Links.Self != "/api/orders/"+p.order.String() || !reflect.DeepEqual(lasting(answered.Document), lasting(stands)) {
		wrong = fmt.Errorf("asked again it is answered with %s, which is not the order: %+v", body, stands)
	}
	paid := order.PaymentAuthorized
	switch p.method {
	case "cash":
		paid = order.PaymentCompleted
	case "cash_on_delivery", "bank_transfer":
		paid = order.PaymentPending
	}
	is := order.Confirmed
	if p.method == "bank_transfer" {
		is = order.Pending
	}
	if answered.Status != is || answered.PaymentStatus != paid {
		wrong = errors.Join(wrong, fmt.Errorf("asked again it is answered with an order that is %s and %s", answered.Status, answered.PaymentStatus))
	}
	return wrong
}

// lasting is what never changes of an order that was placed.
func lasting(o order.Document) order.Document {
	o.Status, o.CancelReason, o.PaymentStatus, o.Shipments = "", nil, "", nil
	o.EstimatedDelivery, o.ActualDelivery = nil, nil
	o.OrderDate, o.CreatedAt, o.UpdatedAt = o.OrderDate.UTC(), o.CreatedAt.UTC(), time.Time{}
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		o.Items[i].CreatedAt, o.Items[i].UnitCost = o.Items[i].CreatedAt.UTC(), nil // no customer is told what it cost
	}
	if told := o.PaymentInstructions; told != nil {
		lasts := *told
		lasts.AwaitedUntil, lasts.ReceivedAmount = nil, 0
		o.PaymentInstructions = &lasts
	}
	return o
}
