-- description: Order lines with their order, their product's category, margin and place in the
--     customer's history.
-- grain: one row per order line
-- key: order_item_id
-- partition: ordered_at
-- reads: clean.order_items, clean.orders, clean.orders_opening, clean.products
-- totals: qty, unit_price, unit_cost, discount, total_price, margin
-- column order_item_id: Key of the line.
-- column order_id: The order.
-- column item_id: The product.
-- column customer_id: Who bought.
-- column vendor_id: The vendor who sold it.
-- column category_id: The product's category now; null when the product is in quarantine.
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
with sequenced as (
    select
        o.*,
        coalesce(b.orders, 0) + row_number() over (
            partition by o.customer_id, d.from_day
            order by o.order_date, o.id
        ) as order_sequence
    from clean.orders as o
    inner join run.days as d
        on d.subject = 'orders'
        and o.order_date >= d.from_day
        and o.order_date < d.to_day
    left join clean.orders_opening as b
        on b.customer_id = o.customer_id and b.opening_day = d.from_day
)

select
    i.id as order_item_id,
    i.order_id,
    i.item_id,
    o.customer_id,
    i.vendor_id,
    p.category_id,
    o.order_date as ordered_at,
    o.channel,
    i.qty,
    i.unit_price,
    i.unit_cost,
    i.discount_amount as discount,
    i.total_price,
    (i.total_price - i.qty * i.unit_cost)::decimal(18, 2) as margin,
    o.status as order_status,
    o.payment_method,
    o.payment_status,
    o.order_sequence,
    case
        when o.shipped_at is not null then date_sub('day', o.confirmed_at, o.shipped_at)
    end as days_to_ship
from clean.order_items as i
inner join sequenced as o on o.id = i.order_id
left join clean.products as p on p.id = i.item_id
