package crash_test

import (
	"context"
	"fmt"
)

// lose has the provider let go, by itself, of the money of a sold order that waits for its vendor.
func lose(s *stack, p *purchase) {
	s.shipment(p, 0)
	s.tellProvider("/expirations", map[string]any{"reference": p.order})
}

// loseTheRest has one vendor send theirs off, and the provider let go of the rest when that is paid for.
func loseTheRest(s *stack, p *purchase) {
	s.ship(p, s.shipment(p, 1))
	s.await("a part to be captured", func(ctx context.Context) bool {
		var paid bool
		err := s.db.Pool.QueryRow(ctx, "select captured_amount > 0 from ordering.payments where order_id = $1", p.order).Scan(&paid)
		return err == nil && paid
	})
	s.tellProvider("/expirations", map[string]any{"reference": p.order})
}

// lostOnce says what is wrong where nobody was told, or anybody twice, that the money is gone.
func lostOnce(s *stack, p *purchase) error {
	var told int
	err := s.db.Pool.QueryRow(s.t.Context(), "select count(*) from ordering.order_events where order_id = $1 and type = 'payment.lost'", p.order).Scan(&told)
	if err == nil && told != 1 {
		err = fmt.Errorf("the payment was lost %d times", told)
	}
	return err
}

// bounce has everything sent back, the refund fail at the provider after it was completed, and an operator
// ask for it again.
func bounce(s *stack, p *purchase) {
	sendBack(units)(s, p)
	s.await("the refund to be completed", func(ctx context.Context) bool {
		var completed bool
		err := s.db.Pool.QueryRow(ctx, "select exists (select from ordering.refunds where order_id = $1 and status = 'completed')", p.order).Scan(&completed)
		return err == nil && completed
	})
	s.tellProvider("/refund-failures", map[string]any{"reference": p.order})
	s.askForRefundAgain(p)
}

// bouncedOnce says what is wrong where the refund that has failed late is not on record as failed, or the one
// that was asked for instead not as completed.
func bouncedOnce(s *stack, p *purchase) error {
	var failed, completed, reversed int
	err := s.db.Pool.QueryRow(s.t.Context(), `
		select
			count(*) filter (where status = 'failed' and failure = 'account_closed'),
			count(*) filter (where status = 'completed' and retry_of is not null),
			(
				select count(*)
				from ordering.payment_attempts
				inner join ordering.payments on payments.id = payment_attempts.payment_id
				where order_id = $1 and operation = 'refund_reversal'
			)
		from ordering.refunds
		where order_id = $1`, p.order).Scan(&failed, &completed, &reversed)
	if err == nil && (failed != 1 || completed != 1 || reversed != 1) {
		err = fmt.Errorf("%d refunds have failed late, %d were made instead, and %d came back", failed, completed, reversed)
	}
	return err
}
