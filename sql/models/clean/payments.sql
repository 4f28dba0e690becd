-- description: What was asked of the payment provider for the orders of the run's days.
-- grain: one row per payment
-- key: id
-- version: updated_at
-- partition: ordered_at
-- reads: raw.payments, clean.orders
-- totals: amount, authorized_amount, captured_amount, refunded_amount
-- column id: Key of the payment.
-- column order_id: The order it pays.
-- column ordered_at: When the order was placed.
-- column provider: Who handles the money.
-- column method: card, wallet, cash_on_delivery, bank_transfer or cash.
-- column status: pending, authorized, completed, failed, voided, partially_refunded or refunded.
-- column amount: What was asked for.
-- column authorized_amount: What the provider promised.
-- column captured_amount: What was taken.
-- column refunded_amount: What was given back of it.
-- column currency: ISO 4217 code of the amounts.
-- column created_at: When it was asked for.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error order_is_clean: ordered_at is not null
-- error captured_in_range: captured_amount between 0 and amount
-- error refunded_in_range: refunded_amount between 0 and captured_amount
-- error currency_is_iso: regexp_full_match(currency, '[A-Z]{3}')
select
    p.id,
    p.order_id,
    o.order_date as ordered_at,
    p.provider,
    p.method,
    p.status,
    p.amount,
    p.authorized_amount,
    p.captured_amount,
    p.refunded_amount,
    upper(trim(p.currency)) as currency,
    p.created_at,
    p.updated_at
from raw.payments as p
left join clean.orders as o on o.id = p.order_id
