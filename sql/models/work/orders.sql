-- description: Orders with their customer's country, their place in the customer's history and how
--     long they took.
-- grain: one row per order
-- key: order_id
-- partition: ordered_at
-- reads: clean.orders, clean.orders_opening, clean.customers
-- totals: subtotal, tax_amount, shipping_cost, discount_amount, total_amount
-- column order_id: Key of the order.
-- column customer_id: Who bought.
-- column country: ISO 3166 code of the customer's country now; null when not known.
-- column channel: web, api, counter or phone.
-- column ordered_at: When the order was placed.
-- column order_status: pending, confirmed, shipped, delivered, cancelled or returned.
-- column payment_method: card, wallet, cash_on_delivery, bank_transfer or cash.
-- column payment_status: pending, authorized, completed, failed, partially_refunded or refunded.
-- column subtotal: Sum of quantity times price of the lines.
-- column discount_amount: Discount on the whole order; each line has its share.
-- column tax_amount: Tax.
-- column shipping_cost: Shipping.
-- column total_amount: What the customer pays: subtotal less discount, plus tax and shipping.
-- column currency: ISO 4217 code of the amounts.
-- column discount_code: The code the discount came from.
-- column cancel_reason: Why it was cancelled; null unless it was.
-- column order_sequence: 1 for the customer's first order, whatever became of it, 2 for the second, …
-- column confirmed_at: When it became a sale.
-- column shipped_at: When the last of its shipments left.
-- column delivered_at: When the last of its shipments arrived.
-- column days_to_ship: Whole days from confirmation to shipment; null until shipped.
-- error order_sequence_positive: order_sequence > 0
select
    o.id as order_id,
    o.customer_id,
    c.country,
    o.channel,
    o.order_date as ordered_at,
    o.status as order_status,
    o.payment_method,
    o.payment_status,
    o.subtotal,
    o.discount_amount,
    o.tax_amount,
    o.shipping_cost,
    o.total_amount,
    o.currency,
    o.discount_code,
    o.cancel_reason,
    coalesce(b.orders, 0) + row_number() over (
        partition by o.customer_id, d.from_day
        order by o.order_date, o.id
    ) as order_sequence,
    o.confirmed_at,
    o.shipped_at,
    o.delivered_at,
    case
        when o.shipped_at is not null then date_sub('day', o.confirmed_at, o.shipped_at)
    end as days_to_ship
from clean.orders as o
inner join run.days as d
    on d.subject = 'orders'
    and o.order_date >= d.from_day
    and o.order_date < d.to_day
left join clean.orders_opening as b
    on b.customer_id = o.customer_id and b.opening_day = d.from_day
left join clean.customers as c on c.id = o.customer_id
