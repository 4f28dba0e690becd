-- description: Carts, on the day they were begun, with what lies in them or was bought with them.
-- grain: one row per cart
-- key: cart_id
-- partition: begun_at
-- subject: carts
-- reads: clean.carts, clean.cart_items
-- totals: items, units, value
-- column cart_id: Key of the cart.
-- column customer_id: Whose it is, see customer.
-- column date_id: The day it was begun, UTC, as yyyymmdd, see date.
-- column begun_at: When it was begun.
-- column cart_status: open, checked_out or abandoned.
-- column items: Products in it.
-- column units: Units in it.
-- column value: Sum of quantity times the price when it was put in.
-- column currency: ISO 4217 code of the value.
-- column checked_out_at: When it became an order; null unless it did.
-- column updated_at: When it last changed.
-- error value_not_negative: value >= 0
with contents as (
    select
        i.cart_id,
        count(*) as items,
        sum(i.qty)::bigint as units,
        sum(i.qty * i.unit_price)::decimal(18, 2) as value
    from clean.cart_items as i
    group by i.cart_id
)

select
    c.id as cart_id,
    c.customer_id,
    strftime(c.created_at, '%Y%m%d')::integer as date_id,
    c.created_at as begun_at,
    c.status as cart_status,
    coalesce(i.items, 0) as items,
    coalesce(i.units, 0) as units,
    coalesce(i.value, 0)::decimal(18, 2) as value,
    c.currency,
    c.checked_out_at,
    c.updated_at
from clean.carts as c
left join contents as i on i.cart_id = c.id
