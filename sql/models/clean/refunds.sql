-- description: Refunds asked for, and sales given up before they were paid for, on one of the run's days.
-- grain: one row per refund
-- key: id
-- version: updated_at
-- partition: created_at
-- reads: raw.refunds
-- totals: amount
-- column id: Key of the refund.
-- column order_id: The order it gives money back for.
-- column kind: refund: money was paid back; release: what was sold was given up before it was paid for.
-- column reason: Why, in somebody's words. Personal: stays in this zone.
-- column amount: How much.
-- column currency: ISO 4217 code of the amount.
-- column status: pending, completed or failed.
-- column created_at: When it was asked for: the day of the refund.
-- column completed_at: When the money was on its way.
-- column updated_at: When the row was last written in the shop.
-- person: order order_id
-- keeps: id, order_id, kind, amount, currency, status, created_at, completed_at, updated_at
-- erase reason: null
-- error id_present: id is not null
-- error kind_known: kind in ('refund', 'release')
-- error amount_positive: amount > 0
-- error status_known: status in ('pending', 'completed', 'failed')
-- error created_at_present: created_at is not null
select
    r.id,
    r.order_id,
    r.kind,
    nullif(trim(r.reason), '') as reason,
    r.amount,
    upper(trim(r.currency)) as currency,
    r.status,
    r.created_at,
    r.completed_at,
    r.updated_at
from raw.refunds as r
