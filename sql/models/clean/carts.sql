-- description: Carts that were begun on one of the run's days.
-- grain: one row per cart
-- key: id
-- version: updated_at
-- partition: created_at
-- reads: raw.carts, raw.customers
-- column id: Key of the cart.
-- column customer_id: Whose it is.
-- column status: open, checked_out or abandoned.
-- column currency: ISO 4217 code of its prices.
-- column created_at: When it was begun.
-- column updated_at: When it last changed.
-- column checked_out_at: When it became an order.
-- error id_present: id is not null
-- error customer_exists: customer_id in (select c.id from raw.customers as c)
-- error status_known: status in ('open', 'checked_out', 'abandoned')
-- error created_at_present: created_at is not null
select
    c.id,
    c.customer_id,
    c.status,
    upper(trim(c.currency)) as currency,
    c.created_at,
    c.updated_at,
    c.checked_out_at
from raw.carts as c
