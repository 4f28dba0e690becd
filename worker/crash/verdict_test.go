package crash_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"mercado/internal/audit"
	"mercado/internal/money"
	"mercado/internal/order"
	"mercado/internal/settings"
	"mercado/worker/workertest"
	"mercado/workflows"
)

// recoveryLimit is how long an order may take to end when its victim is back, while other processes and
// servers are killed. One that has not ended by then is stuck.
const recoveryLimit = 3 * time.Minute

// lookAt notes of the orders of a crash whether they have ended, and says whether there is nothing more to
// wait for: they have, or are stuck.
func (s *stack) lookAt(o *outcome) (over bool) {
	if o.Wrong != "" || o.Recovered > 0 {
		return true
	}
	for _, p := range o.purchases() {
		if s.ended(p) {
			continue
		}
		if time.Since(o.back) > s.limit {
			o.Wrong = s.stuck(p)
			return true
		}
		return false
	}
	o.Recovered = time.Since(o.back).Seconds()
	for _, p := range o.purchases() {
		if status, body, err := s.askOnce(p, "wait=20"); err == nil {
			p.hear(status, body)
		}
	}
	return true
}

// settle waits until all orders of some crashes have ended, or are stuck.
func (s *stack) settle(outcomes []outcome) {
	s.t.Helper()
	for i := range outcomes {
		within(s.limit+time.Minute, func() bool { return s.lookAt(&outcomes[i]) })
	}
}

// stuck says where an order stands that should have ended, and who works on it.
func (s *stack) stuck(p *purchase) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var stands string
	err := s.db.Pool.QueryRow(ctx, `
		select concat_ws(
			', ', orders.status || coalesce(' because of ' || cancel_reason, ''), 'payment ' || payments.status,
			(select 'shipments ' || string_agg(status, ' ') from ordering.shipments where order_id = orders.id),
			(select 'refunds ' || string_agg(status, ' ') from ordering.refunds where order_id = orders.id)
		)
		from ordering.orders
		inner join ordering.payments on payments.order_id = orders.id
		where orders.id = $1`, p.order).Scan(&stands)
	if err != nil {
		stands = err.Error()
	}
	ids, err := s.workflowsOf(ctx, p)
	if err != nil {
		ids = nil
	}
	for _, id := range ids {
		running, err := workflows.Describe(ctx, s.workflows, id)
		if err != nil || !running.Running() {
			continue
		}
		stands += fmt.Sprintf("; %s runs: %s", id, running.Details)
		for _, step := range running.Pending {
			stands += fmt.Sprintf(", attempt %d of %s (%s)", step.Attempt, step.Step, step.LastError)
		}
	}
	if p.also != nil {
		if err := p.also(s, p); err != nil {
			stands += "; " + err.Error()
		}
	}
	return fmt.Sprintf("order %s is stuck: it should be %s and is %s", p.order, p.ends, stands)
}

// judge says what is wrong with an order that has ended: nothing when it is nil.
func (s *stack) judge(p *purchase) error {
	// A message that came late may have had somebody look at the order once more.
	if !within(s.limit, func() bool { return s.ended(p) }) {
		return errors.New(s.stuck(p))
	}
	goods, err := s.judgeGoods(p)
	if err != nil {
		return err
	}
	wrong := errors.Join(s.judgeMoney(p), goods, s.judgeAnswer(p))
	if p.also != nil {
		wrong = errors.Join(wrong, p.also(s, p))
	}

	// Each thing happened once.
	rows, err := s.db.Pool.Query(s.t.Context(), `
		select type || ' ' || data::text from ordering.order_events where order_id = $1 group by type, data having count(*) > 1`, p.order)
	if err != nil {
		return errors.Join(wrong, err)
	}
	twice, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if len(twice) > 0 {
		wrong = errors.Join(wrong, fmt.Errorf("it happened twice: %s", strings.Join(twice, ", ")))
	}
	return errors.Join(wrong, err)
}

// judgeMoney compares what the provider has done, as it says itself, with how the order ended.
func (s *stack) judgeMoney(p *purchase) (wrong error) {
	check := func(right bool, format string, arguments ...any) {
		if !right {
			wrong = errors.Join(wrong, fmt.Errorf(format, arguments...))
		}
	}
	var reason string
	var total, subtotal, tax, captured money.Amount
	if err := s.db.Pool.QueryRow(s.t.Context(), `
		select coalesce(cancel_reason, ''), total_amount, subtotal, tax_amount, captured_amount
		from ordering.orders
		inner join ordering.payments on payments.order_id = orders.id
		where orders.id = $1`, p.order).Scan(&reason, &total, &subtotal, &tax, &captured); err != nil {
		return err
	}
	check(reason == string(p.reason), "it was cancelled because of %q", reason)
	charges, err := workertest.ChargesOf(s.t.Context(), s.sandbox, p.order)
	if err != nil {
		return errors.Join(wrong, err)
	}
	counts, paid := charges.Counts, total
	if p.paid != nil {
		if paid, err = p.paid(s, p); err != nil {
			return errors.Join(wrong, err)
		}
	}
	refunded := paid * money.Amount(p.refunds)
	if p.refunded != nil {
		refunded = p.refunded(subtotal, tax)
	}
	switch {
	case p.method == "cash_on_delivery" || p.method == "cash":
		check(charges == workertest.Charges{}, "paid in cash: the provider has done %+v", charges)
		check(captured == total, "%s of %s in cash were booked", captured, total)
	case p.method == "bank_transfer":
		arrived, of := 0, money.Amount(0)
		if p.ends == order.Delivered || p.refunds > 0 {
			arrived, of = 1, total
		}
		check(counts.Transfers == arrived && charges.Captured == of, "%s for %s by transfer: the provider has done %+v", p.ends, total, charges)
		check(counts.Refunds == p.refunds && charges.Refunded == refunded, "%s are to be sent back: the provider has done %+v", refunded, charges)
	case p.captures > 0:
		check(counts.Authorizations == 1 && counts.Captures == p.captures && charges.Captured == paid, "%s are to be paid: the provider has done %+v", paid, charges)
		check(counts.Voids == p.voids, "%d times the rest is to be set free: the provider has done %+v", p.voids, charges)
		check(counts.Refunds == p.refunds && charges.Refunded == refunded, "%s are to be paid back: the provider has done %+v", refunded, charges)
	default:
		check(charges.Captured == 0 && counts.Authorizations <= 1, "cancelled: the provider has done %+v", charges)
		check(counts.Authorizations == 0 || p.gone || counts.Voids == 1, "cancelled: the provider still holds the money: %+v", charges)
		check(!p.gone || counts.Voids == 0, "the provider has let go of what it was asked to void: %+v", charges)
	}
	return wrong
}

// judgeGoods compares what the ledger says of an order, and the balances of its products, with how it
// ended.
func (s *stack) judgeGoods(p *purchase) (wrong, err error) {
	var onHand, reserved, left, kept int64
	if err := s.db.Pool.QueryRow(s.t.Context(), `
		select
			(select coalesce(sum(on_hand_delta), 0) from catalog.stock_ledger where reference_type = 'order' and reference_id = $1),
			(select coalesce(sum(reserved_delta), 0) from catalog.stock_ledger where reference_type = 'order' and reference_id = $1),
			(select sum(on_hand) from catalog.stock where product_id = any($2)),
			(select coalesce(sum(reserved_qty), 0) from ordering.order_items where order_id::text = $1)`,
		p.order.String(), p.products).Scan(&onHand, &reserved, &left, &kept); err != nil {
		return nil, err
	}
	var sold int64
	if p.ends == order.Delivered || p.lost {
		sold = (units - p.back) * int64(len(p.products)-p.kept)
	}
	if onHand != -sold || left != p.shelf*int64(len(p.products))-sold {
		wrong = fmt.Errorf("%d units were sold, the ledger says %d and the shelf has %d", sold, -onHand, left)
	}
	if reserved != 0 || kept != 0 {
		wrong = errors.Join(wrong, fmt.Errorf("%d units are still reserved (%d by its lines)", reserved, kept))
	}
	return wrong, nil
}

// ended reports whether an order is where its scenario ends: nobody works on it or owes anything.
func (s *stack) ended(p *purchase) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var status string
	var open bool
	err := s.db.Pool.QueryRow(ctx, `
		select
			status,
			exists (select from ordering.payments where order_id = $1 and status in ('pending', 'authorized'))
			or exists (select from ordering.refunds where order_id = $1 and status = 'pending')
			or exists (select from ordering.webhook_deliveries where order_id = $1 and status = 'pending')
		from ordering.orders
		where id = $1`, p.order).Scan(&status, &open)
	return err == nil && status == string(p.ends) && !open && s.nothingRuns(ctx, p) &&
		(p.also == nil || p.also(s, p) == nil)
}

// nothingRuns reports whether the workflows of an order have all ended.
func (s *stack) nothingRuns(ctx context.Context, p *purchase) bool {
	ids, err := s.workflowsOf(ctx, p)
	if err != nil {
		return false
	}
	for _, id := range ids {
		told, err := s.workflows.DescribeWorkflowExecution(ctx, id, "")
		var unknown *serviceerror.NotFound
		if errors.As(err, &unknown) {
			continue
		}
		if err != nil || told.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			return false
		}
	}
	return true
}

// workflowsOf is the ids of all workflows that an order may have.
func (s *stack) workflowsOf(ctx context.Context, p *purchase) ([]string, error) {
	ids := workflows.OfOrder(p.order)
	rows, err := s.db.Pool.Query(ctx, `
		select 'refund', id from ordering.refunds where order_id = $1 and kind = 'refund'
		union
		select 'webhook', endpoint_id from ordering.webhook_deliveries where order_id = $1`, p.order)
	if err != nil {
		return nil, err
	}
	var kind string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&kind, &id}, func() error {
		if kind == "refund" {
			ids = append(ids, workflows.RefundID(id))
		} else {
			ids = append(ids, workflows.WebhookID(id, p.order))
		}
		return nil
	})
	return ids, err
}

// audit fails the test where the shop as a whole does not add up, or anything is unfinished.
func (s *stack) audit() {
	s.t.Helper()
	report, err := audit.Run(s.t.Context(), s.db, uuid.Must(uuid.NewV7()), settings.Limits{}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, result := range report.Results {
		if result.Differences > 0 {
			s.t.Errorf("audit: %s: %d differences, the first: %s %s", result.Name, result.Differences, result.Found[0].SubjectID, result.Found[0].Details)
		}
	}
}
