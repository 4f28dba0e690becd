-- description: How each product has sold up to the last day of the run's interval, the as-of date, and
--     how long its stock lasts; products that never sold included, those in quarantine not. Of orders
--     those count that are not cancelled. revenue is before discount and refunds; net_revenue is after
--     both and adds up to the revenue of sales_metrics.
-- grain: one row per product
-- key: item_id
-- publish: as-of
-- reads: published.sales, published.refunds, published.stock_daily, gold.inventory, clean.reviews
-- totals: price, cost, margin_percent, units_sold, revenue, profit, discount, refunds, net_revenue, average_stock, turnover, stock,
--     months_of_stock, average_rating
-- column item_id: The product, see inventory.
-- column vendor_id: The vendor who sells it, see vendor.
-- column category_id: The category it is in, see category.
-- column is_active: False once it is no longer for sale.
-- column as_of: The last day that counts.
-- column price: Price of a unit.
-- column cost: What a unit costs the vendor.
-- column margin_percent: (price - cost) / price × 100; null where the price is 0.
-- column units_sold: Units.
-- column revenue: Sum of quantity times price then.
-- column profit: revenue less quantity times cost then.
-- column discount: The lines' shares of the orders' discounts.
-- column refunds: Completed refunds.
-- column net_revenue: revenue less discount and refunds.
-- column last_sale: Day of the last order of it, UTC; null where none.
-- column units_365_days: Units of the last 365 days.
-- column average_stock: Mean of what was on the shelf at the end of each of those days, from the product's
--     first day on; null where there is none.
-- column turnover: units_365_days / average_stock, from the exact mean; null where that is 0.
-- column stock: Units on the shelf at the end of the as-of date.
-- column units_12_months: Units of the last 12 months.
-- column months_of_stock: stock / (units_12_months / 12); null where none were sold.
-- column stock_class: Critical under 10 in stock, Low under 50, Medium under 100, else High.
-- column sales_class: Best Seller from 100 units_sold, Good from 50, Average from 10, Slow from 1, else No Sales.
-- column reviews: Reviews.
-- column average_rating: Mean of their ratings; null where none.
-- error stock_class_known: stock_class in ('Critical', 'Low', 'Medium', 'High')
-- error sales_class_known: sales_class in ('Best Seller', 'Good', 'Average', 'Slow', 'No Sales')
-- error rating_in_range: average_rating is null or average_rating between 1 and 5
-- error stock_not_negative: stock >= 0
-- warn margin_in_range: margin_percent is null or margin_percent between 0 and 100
-- error every_product: (select count(*) from result as r) = (select count(*) from gold.inventory as i)
-- error net_revenue_equals_facts: (select sum(r.net_revenue) from result as r)
--     = (select coalesce(sum(s.qty * s.unit_price - s.discount), 0) from published.sales as s
--         where s.order_status <> 'cancelled' and s.item_id in (select i.item_id from gold.inventory as i))
--     - (select coalesce(sum(f.amount), 0) from published.refunds as f
--         where f.refund_status = 'completed' and f.item_id in (select i.item_id from gold.inventory as i))
with as_of as (
    select
        i.to_day - 1 as day,
        i.to_day - 365 as year_from,
        ((i.to_day - 1) - interval 12 month)::date + 1 as months_from
    from run.interval as i
),

sold as (
    select
        s.item_id,
        sum(s.qty) as units,
        sum(s.qty * s.unit_price) as revenue,
        sum(s.qty * s.unit_cost) as cost,
        sum(s.discount) as discount,
        max(s.ordered_at)::date as last_sale,
        coalesce(sum(s.qty) filter (where s.ordered_at >= a.year_from), 0) as units_365_days,
        coalesce(sum(s.qty) filter (where s.ordered_at >= a.months_from), 0) as units_12_months
    from published.sales as s
    cross join as_of as a
    where s.order_status <> 'cancelled'
    group by s.item_id
),

refunded as (
    select
        r.item_id,
        sum(r.amount) as amount
    from published.refunds as r
    where r.refund_status = 'completed'
    group by r.item_id
),

shelved as (
    select
        d.item_id,
        sum(d.closing) as closings,
        count(*) as days,
        max(d.closing) filter (where d.day_start::date = a.day) as stock
    from published.stock_daily as d
    cross join as_of as a
    where d.day_start >= a.year_from
    group by d.item_id
),

rated as (
    select
        r.product_id as item_id,
        count(*) as reviews,
        sum(r.rating) as ratings
    from clean.reviews as r
    cross join as_of as a
    where r.review_date::date <= a.day
    group by r.product_id
),

performance as (
    select
        i.*,
        a.day as as_of,
        coalesce(s.units, 0) as units_sold,
        coalesce(s.revenue, 0) as revenue,
        coalesce(s.cost, 0) as cost_of_sales,
        coalesce(s.discount, 0) as discount,
        coalesce(r.amount, 0) as refunds,
        s.last_sale,
        coalesce(s.units_365_days, 0) as units_365_days,
        coalesce(s.units_12_months, 0) as units_12_months,
        h.closings,
        h.days,
        coalesce(h.stock, 0) as stock,
        coalesce(v.reviews, 0) as reviews,
        v.ratings
    from gold.inventory as i
    cross join as_of as a
    left join sold as s on s.item_id = i.item_id
    left join refunded as r on r.item_id = i.item_id
    left join shelved as h on h.item_id = i.item_id
    left join rated as v on v.item_id = i.item_id
)

select
    p.item_id,
    p.vendor_id,
    p.category_id,
    p.is_active,
    p.as_of::date as as_of,
    p.price,
    p.cost,
    ratio((p.price - p.cost) * 100, p.price) as margin_percent,
    p.units_sold::bigint as units_sold,
    p.revenue::decimal(18, 2) as revenue,
    (p.revenue - p.cost_of_sales)::decimal(18, 2) as profit,
    p.discount::decimal(18, 2) as discount,
    p.refunds::decimal(18, 2) as refunds,
    (p.revenue - p.discount - p.refunds)::decimal(18, 2) as net_revenue,
    p.last_sale,
    p.units_365_days::bigint as units_365_days,
    ratio(p.closings, p.days) as average_stock,
    ratio(p.units_365_days * p.days, p.closings) as turnover,
    p.stock::bigint as stock,
    p.units_12_months::bigint as units_12_months,
    ratio(p.stock * 12, p.units_12_months) as months_of_stock,
    case
        when p.stock < 10 then 'Critical'
        when p.stock < 50 then 'Low'
        when p.stock < 100 then 'Medium'
        else 'High'
    end as stock_class,
    case
        when p.units_sold >= 100 then 'Best Seller'
        when p.units_sold >= 50 then 'Good'
        when p.units_sold >= 10 then 'Average'
        when p.units_sold > 0 then 'Slow'
        else 'No Sales'
    end as sales_class,
    p.reviews,
    ratio(p.ratings, p.reviews) as average_rating
from performance as p
