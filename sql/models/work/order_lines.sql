-- description: Order lines with their order, their product's category and their vendor's region when the
--     day was last loaded, margin and place in the customer's history.
-- grain: one row per order line
-- key: order_item_id
-- partition: ordered_at
-- reads: clean.order_items, work.orders, clean.products, clean.vendors
-- totals: qty, unit_price, unit_cost, discount, total_price, margin
-- column order_item_id: Key of the line.
-- column order_id: The order.
-- column item_id: The product.
-- column customer_id: Who bought.
-- column vendor_id: The vendor who sold it.
-- column vendor_region: Country that the vendor had when the day was last loaded, as ISO 3166 code; null when the
--     vendor was in quarantine.
-- column category_id: The category that the product had when the day was last loaded; null when the product
--     was in quarantine.
-- column ordered_at: When the order was placed.
-- column channel: web, api, counter or phone.
-- column qty: Units.
-- column unit_price: Price of a unit before discount.
-- column unit_cost: What a unit cost the vendor then.
-- column discount: The line's share of the order's discount.
-- column total_price: Quantity times price less discount: what revenue sums.
-- column margin: total_price less quantity times cost.
-- column order_status: Status of the order.
-- column payment_method: How the order is paid.
-- column payment_status: How far that has come.
-- column order_sequence: 1 for the customer's first order, whatever became of it, 2 for the second, …
-- column days_to_ship: Whole days from confirmation to shipment; null until shipped.
-- error order_sequence_positive: order_sequence > 0
-- warn vendor_region_known: vendor_region is not null
select
    i.id as order_item_id,
    i.order_id,
    i.item_id,
    o.customer_id,
    i.vendor_id,
    v.region as vendor_region,
    p.category_id,
    o.ordered_at,
    o.channel,
    i.qty,
    i.unit_price,
    i.unit_cost,
    i.discount_amount as discount,
    i.total_price,
    (i.total_price - i.qty * i.unit_cost)::decimal(18, 2) as margin,
    o.order_status,
    o.payment_method,
    o.payment_status,
    o.order_sequence,
    o.days_to_ship
from clean.order_items as i
inner join work.orders as o on o.order_id = i.order_id
left join clean.products as p on p.id = i.item_id
left join clean.vendors as v on v.id = i.vendor_id
