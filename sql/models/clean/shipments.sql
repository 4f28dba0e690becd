-- description: The shipments of the orders of the run's days, one for each vendor of an order.
-- grain: one row per shipment
-- key: id
-- version: updated_at
-- partition: ordered_at
-- reads: raw.shipments, raw.vendors, clean.orders
-- totals: amount, shipping_amount
-- column id: Key of the shipment.
-- column order_id: The order.
-- column ordered_at: When the order was placed.
-- column vendor_id: The vendor whose goods it holds.
-- column status: pending, packed, released, shipped, delivered, cancelled, lost or returned_to_sender.
-- column carrier: Who carries it; null until it has a label.
-- column amount: What is captured for it, its share of the shipping cost included.
-- column shipping_amount: Its share of the shipping cost.
-- column currency: ISO 4217 code of the amounts.
-- column packed_at: When it was packed.
-- column shipped_at: When the carrier took it.
-- column delivered_at: When it arrived.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error order_is_clean: ordered_at is not null
-- error vendor_exists: vendor_id in (select v.id from raw.vendors as v)
-- error status_known: status in
--     ('pending', 'packed', 'released', 'shipped', 'delivered', 'cancelled', 'lost', 'returned_to_sender')
-- error amount_not_negative: amount >= 0 and shipping_amount >= 0
-- error currency_is_iso: regexp_full_match(currency, '[A-Z]{3}')
-- warn delivered_after_shipped: delivered_at is null or shipped_at is null or delivered_at >= shipped_at
select
    s.id,
    s.order_id,
    o.order_date as ordered_at,
    s.vendor_id,
    s.status,
    s.carrier,
    s.amount,
    s.shipping_amount,
    upper(trim(s.currency)) as currency,
    s.packed_at,
    s.shipped_at,
    s.delivered_at,
    s.updated_at
from raw.shipments as s
left join clean.orders as o on o.id = s.order_id
