-- description: Orders, whatever became of them. They count as sales where order_status is not cancelled;
--     revenue is counted by their lines, see sales.
-- grain: one row per order
-- key: order_id
-- partition: ordered_at
-- subject: orders
-- reads: work.orders
-- totals: subtotal, tax_amount, shipping_cost, discount_amount, total_amount
-- column order_id: Key of the order.
-- column customer_id: Who bought, see customer.
-- column country: ISO 3166 code of the customer's country when the day was last loaded.
-- column channel: web, api, counter or phone.
-- column date_id: The day the order was placed, UTC, as yyyymmdd, see date.
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
-- error amounts_add_up: total_amount = subtotal - discount_amount + tax_amount + shipping_cost
-- warn cancelled_with_reason: (order_status = 'cancelled') = (cancel_reason is not null)
select
    o.order_id,
    o.customer_id,
    o.country,
    o.channel,
    strftime(o.ordered_at, '%Y%m%d')::integer as date_id,
    o.ordered_at,
    o.order_status,
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
    o.order_sequence,
    o.confirmed_at,
    o.shipped_at,
    o.delivered_at,
    o.days_to_ship
from work.orders as o
