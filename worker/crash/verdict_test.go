package crash_test

import (
	"context"
	"errors"
	"fmt"
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

// judge waits until an order is where its scenario ends, and says what is wrong with it: nothing
// when it is nil.
func (s *stack) judge(p *purchase) error {
	var status, reason string
	var total, subtotal, tax money.Amount
	settled := s.await(fmt.Sprintf("order %s to be %s", p.order, p.ends), func(ctx context.Context) bool {
		err := s.db.Pool.QueryRow(ctx, `
			select status, coalesce(cancel_reason, ''), total_amount, subtotal, tax_amount from ordering.orders where id = $1`, p.order).
			Scan(&status, &reason, &total, &subtotal, &tax)
		return err == nil && status == string(p.ends) && s.nothingRuns(ctx, p) && s.nothingOwed(ctx, p) && s.told(ctx, p)
	})
	if !settled {
		return fmt.Errorf("it is %s %s", status, reason)
	}
	var wrong error
	check := func(right bool, format string, arguments ...any) {
		if !right {
			wrong = errors.Join(wrong, fmt.Errorf(format, arguments...))
		}
	}
	check(reason == string(p.reason), "it was cancelled because of %q", reason)

	// Money, as the provider has it.
	charges := workertest.AskCharges(s.t, s.sandbox, p.order)
	held := charges.Counts.Authorizations
	refunded := total * money.Amount(p.refunds)
	if p.refunded != nil {
		refunded = p.refunded(subtotal, tax)
	}
	switch {
	case p.method == "cash_on_delivery":
		check(charges == workertest.Charges{}, "paid at the door: the provider has done %+v", charges)
		var captured money.Amount
		err := s.db.Pool.QueryRow(s.t.Context(), "select captured_amount from ordering.payments where order_id = $1", p.order).Scan(&captured)
		check(err == nil && captured == total, "the carrier has collected %s of %s: %v", captured, total, err)
	case p.method == "bank_transfer":
		arrived, of := 0, money.Amount(0)
		if p.ends == order.Delivered {
			arrived, of = 1, total
		}
		check(charges.Counts.Transfers == arrived && charges.Captured == of && charges.Counts.Refunds == 0, "%s for %s by transfer: the provider has done %+v", p.ends, total, charges)
	case p.captures > 0:
		check(held == 1 && charges.Counts.Captures == p.captures && charges.Captured == total, "sold for %s: the provider has done %+v", total, charges)
		check(charges.Counts.Voids == 0 && charges.Counts.Refunds == p.refunds, "sold: the provider has done %+v", charges)
		check(charges.Refunded == refunded, "%s are to be paid back: the provider has done %+v", refunded, charges)
	default:
		check(charges.Captured == 0 && held <= 1, "cancelled: the provider has done %+v", charges)
		check(held == 0 || charges.Counts.Voids == 1, "cancelled: the provider still holds the money: %+v", charges)
	}

	// Goods: what the ledger says of this order, and the balances of its products.
	var onHand, reserved, left, kept int64
	if err := s.db.Pool.QueryRow(s.t.Context(), `
		select
			(select coalesce(sum(on_hand_delta), 0) from catalog.stock_ledger where reference_type = 'order' and reference_id = $1),
			(select coalesce(sum(reserved_delta), 0) from catalog.stock_ledger where reference_type = 'order' and reference_id = $1),
			(select sum(on_hand) from catalog.stock where product_id = any($2)),
			(select coalesce(sum(reserved_qty), 0) from ordering.order_items where order_id::text = $1)`,
		p.order.String(), p.products).Scan(&onHand, &reserved, &left, &kept); err != nil {
		return err
	}
	var sold int64
	if p.ends == order.Delivered || p.lost {
		sold = (units - p.back) * int64(len(p.products))
	}
	check(onHand == -sold && left == p.shelf*int64(len(p.products))-sold, "%d units were sold, the ledger says %d and the shelf has %d", sold, -onHand, left)
	check(reserved == 0 && kept == 0, "%d units are still reserved (%d by its lines)", reserved, kept)

	// Whoever asks again gets the first answer.
	answered, body, err := s.ask(p, "wait=20")
	check(err == nil && answered == p.answer, "asked again it is answered %d %s, %v", answered, body, err)

	// Each thing happened once.
	rows, err := s.db.Pool.Query(s.t.Context(), `
		select type || ' ' || data::text from ordering.order_events where order_id = $1 group by type, data having count(*) > 1`, p.order)
	if err != nil {
		return errors.Join(wrong, err)
	}
	defer rows.Close()
	for rows.Next() {
		var twice string
		if err := rows.Scan(&twice); err != nil {
			return errors.Join(wrong, err)
		}
		check(false, "it happened twice: %s", twice)
	}
	return errors.Join(wrong, rows.Err())
}

// ended reports whether an order is where its scenario ends.
func (s *stack) ended(p *purchase) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var status string
	err := s.db.Pool.QueryRow(ctx, "select status from ordering.orders where id = $1", p.order).Scan(&status)
	return err == nil && status == string(p.ends) && s.nothingRuns(ctx, p)
}

// nothingRuns reports whether the workflows of an order have all ended.
func (s *stack) nothingRuns(ctx context.Context, p *purchase) bool {
	rows, err := s.db.Pool.Query(ctx, "select id from ordering.refunds where order_id = $1 and kind = 'refund'", p.order)
	if err != nil {
		return false
	}
	refunds, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return false
	}
	ids := []string{workflows.CheckoutID(p.order), workflows.FulfilmentID(p.order)}
	for _, refund := range refunds {
		ids = append(ids, workflows.RefundID(refund))
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

// told reports whether all that the provider was to say late or twice has been taken.
func (s *stack) told(ctx context.Context, p *purchase) bool {
	if p.like == "" || p.captures == 0 {
		return true
	}
	var kinds int
	err := s.db.Pool.QueryRow(ctx, `
		select count(distinct payload ->> 'kind')
		from ordering.webhook_receipts
		where handled_at is not null and payload ->> 'reference' = (select id::text from ordering.payments where order_id = $1)`, p.order).
		Scan(&kinds)
	return err == nil && kinds >= 2 // authorised and captured
}

// nothingOwed reports whether the payment of an order is settled.
func (s *stack) nothingOwed(ctx context.Context, p *purchase) bool {
	var open bool
	err := s.db.Pool.QueryRow(ctx, `
		select
			exists (select from ordering.payments where order_id = $1 and status in ('pending', 'authorized'))
			or exists (select from ordering.refunds where order_id = $1 and status = 'pending')`, p.order).Scan(&open)
	return err == nil && !open
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
