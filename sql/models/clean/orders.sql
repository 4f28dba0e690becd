-- description: Orders of the run's days.
-- grain: one row per order
-- key: id
-- version: updated_at
-- partition: order_date
-- reads: raw.orders, raw.customers
-- totals: subtotal, tax_amount, shipping_cost, discount_amount, total_amount
-- column id: Key of the order.
-- column customer_id: Who bought.
-- column channel: web, api, counter or phone.
-- column order_date: When the order was placed.
-- column status: pending, confirmed, shipped, delivered, cancelled or returned.
-- column payment_method: card, wallet, cash_on_delivery, bank_transfer or cash.
-- column payment_status: pending, authorized, completed, failed, partially_refunded or refunded.
-- column subtotal: Sum of quantity times price of the lines.
-- column tax_amount: Tax.
-- column shipping_cost: Shipping.
-- column discount_amount: Discount on the whole order; each line has its share.
-- column total_amount: What the customer pays: subtotal less discount, plus tax and shipping.
-- column currency: ISO 4217 code of the amounts.
-- column discount_code: The code the discount came from.
-- column cancel_reason: Why it was cancelled; null unless it was.
-- column confirmed_at: When it became a sale.
-- column shipped_at: When the last of its shipments left.
-- column delivered_at: When the last of its shipments arrived.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error customer_exists: customer_id in (select c.id from raw.customers as c)
-- error channel_known: channel in ('web', 'api', 'counter', 'phone')
-- error status_known: status in ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled', 'returned')
-- error payment_method_known: payment_method in ('card', 'wallet', 'cash_on_delivery', 'bank_transfer', 'cash')
-- error payment_status_known: payment_status in
--     ('pending', 'authorized', 'completed', 'failed', 'partially_refunded', 'refunded')
-- error amounts_add_up: total_amount = subtotal - discount_amount + tax_amount + shipping_cost
-- error currency_is_iso: regexp_full_match(currency, '[A-Z]{3}')
-- error order_date_present: order_date is not null
-- warn shipped_after_confirmed: shipped_at is null or confirmed_at is null or shipped_at >= confirmed_at
select
    o.id,
    o.customer_id,
    o.channel,
    o.order_date,
    o.status,
    o.payment_method,
    o.payment_status,
    o.subtotal,
    o.tax_amount,
    o.shipping_cost,
    o.discount_amount,
    o.total_amount,
    upper(trim(o.currency)) as currency,
    nullif(upper(trim(o.discount_code)), '') as discount_code,
    o.cancel_reason,
    o.confirmed_at,
    o.shipped_at,
    o.actual_delivery as delivered_at,
    o.updated_at
from raw.orders as o
