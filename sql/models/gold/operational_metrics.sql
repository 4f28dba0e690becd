-- description: What an operator watches, on the last day of the run's interval, the as-of date: a number per
--     metric and member of a dimension. critical_stock: products of stock class Critical, and the stock of
--     each. inventory_value: stock times cost. no_sale_90_days: products whose last sale, or first day in
--     the catalogue where they have none, is more than 90 days ago, and how many days. processing_hours:
--     mean time from confirmation to shipment of orders that are not cancelled, by month of the order.
--     cancellation_rate: share of orders that are cancelled; of a category, of those with a line of it.
--     payment_method_share: share of orders that are not cancelled. average_rating: mean rating of reviews.
--     rated_under_3: products whose mean rating is under 3, and the rating. rating_by_month: mean rating of
--     the reviews of a month. cart_abandonment: of carts that something was put in, and that were checked
--     out, given up, or not touched on the as-of date, the share not checked out; by month in which they were begun.
-- grain: one row per metric, dimension and member
-- key: metric, dimension, member
-- publish: as-of
-- reads: published.orders, published.sales, published.carts, gold.product_performance, clean.products, clean.reviews
-- totals: value, amount, basis
-- column metric: What is measured.
-- column dimension: all, category, product, payment_method or month.
-- column member: Key of the category or product, method, or month as yyyy-mm; all for the dimension all.
-- column as_of: The last day that counts.
-- column unit: count, units, money, days, hours, share (0 to 1) or rating (1 to 5).
-- column value: The number; null where there is nothing to take a share or mean of, and where the unit is money.
-- column amount: The amount where the unit is money, else null.
-- column basis: How many products, orders, reviews or carts it comes from.
-- error metric_known: metric in ('critical_stock', 'inventory_value', 'no_sale_90_days', 'processing_hours',
--     'cancellation_rate', 'payment_method_share', 'average_rating', 'rated_under_3', 'rating_by_month',
--     'cart_abandonment')
-- error share_in_range: unit <> 'share' or value is null or value between 0 and 1
-- error rating_in_range: unit <> 'rating' or value is null or value between 1 and 5
-- error money_is_an_amount: case when unit = 'money' then amount is not null and value is null else amount is null end
-- error value_not_negative: coalesce(value, amount, 0) >= 0 or metric = 'processing_hours'
-- warn processing_not_negative: value is null or value >= 0
-- error value_has_a_basis: basis >= 0 and (coalesce(value, amount) is not null or basis = 0)
-- error products_are_listed: metric not in ('critical_stock', 'no_sale_90_days', 'rated_under_3') or dimension <> 'all'
--     or value = (select count(*) from result as r where r.metric = result.metric and r.dimension = 'product')
-- error months_add_up: metric not in ('processing_hours', 'cart_abandonment') or dimension <> 'all'
--     or basis = (select coalesce(sum(r.basis), 0) from result as r where r.metric = result.metric and r.dimension = 'month')
-- error categories_add_up: metric <> 'inventory_value' or dimension <> 'all'
--     or amount = (select coalesce(sum(r.amount), 0) from result as r where r.metric = 'inventory_value' and r.dimension = 'category')
-- error ratings_add_up: metric <> 'average_rating' or dimension <> 'all'
--     or basis = (select coalesce(sum(r.basis), 0) from result as r where r.metric = 'rating_by_month')
-- error orders_equal_facts: metric <> 'cancellation_rate' or dimension <> 'all'
--     or basis = (select count(*) from published.orders)
-- error methods_equal_facts: metric <> 'cancellation_rate' or dimension <> 'all'
--     or (select coalesce(sum(r.basis), 0) from result as r where r.metric = 'payment_method_share')
--     = (select count(*) from published.orders as o where o.order_status <> 'cancelled')
-- error method_shares_add_up: abs((select sum(r.value) from result as r where r.metric = 'payment_method_share') - 1)
--     <= 0.001 or metric <> 'payment_method_share'
with as_of as (
    select i.to_day - 1 as day
    from run.interval as i
),

products as (
    select
        p.*,
        (a.day - coalesce(p.last_sale, c.created_at::date))::bigint as idle_days
    from gold.product_performance as p
    inner join clean.products as c on c.id = p.item_id
    cross join as_of as a
),

orders as (
    select
        date_trunc('month', o.ordered_at)::date as month,
        o.payment_method,
        count(*) as orders,
        count(*) filter (where o.order_status = 'cancelled') as cancelled,
        count(o.shipped_at) filter (where o.order_status <> 'cancelled' and o.confirmed_at is not null) as shipped,
        coalesce(sum(date_diff('microsecond', o.confirmed_at, o.shipped_at)) filter (where o.order_status <> 'cancelled'), 0)
            as microseconds
    from published.orders as o
    group by all
),

orders_of_categories as (
    select
        d.category_id,
        count(*) as orders,
        count(*) filter (where d.is_cancelled) as cancelled
    from (
        select distinct
            p.category_id,
            s.order_id,
            s.order_status = 'cancelled' as is_cancelled
        from published.sales as s
        inner join gold.product_performance as p on p.item_id = s.item_id
    ) as d
    group by d.category_id
),

reviews as (
    select
        r.product_id,
        date_trunc('month', r.review_date)::date as month,
        count(*) as reviews,
        sum(r.rating) as ratings
    from clean.reviews as r
    cross join as_of as a
    where r.review_date::date <= a.day
    group by all
),

rated as (
    select
        r.product_id,
        sum(r.reviews) as reviews,
        sum(r.ratings) as ratings
    from reviews as r
    inner join products as p on p.item_id = r.product_id
    group by r.product_id
),

carts as (
    select
        date_trunc('month', c.begun_at)::date as month,
        count(*) as carts,
        count(*) filter (where c.cart_status <> 'checked_out') as left_behind
    from published.carts as c
    cross join as_of as a
    where c.items > 0
        and (c.cart_status <> 'open' or c.updated_at < a.day)
    group by all
),

measured as (
    select 'critical_stock' as metric, 'all' as dimension, 'all' as member, 'count' as unit,
        count(*) filter (where p.stock_class = 'Critical')::decimal(18, 4) as value, count(*) as basis
    from products as p
    union all
    select 'critical_stock', 'product', p.item_id::varchar, 'units', p.stock, 1
    from products as p
    where p.stock_class = 'Critical'
    union all
    select 'no_sale_90_days', 'all', 'all', 'count', count(*) filter (where p.idle_days > 90), count(*)
    from products as p
    union all
    select 'no_sale_90_days', 'product', p.item_id::varchar, 'days', p.idle_days, 1
    from products as p
    where p.idle_days > 90
    union all
    select 'processing_hours', 'all', 'all', 'hours',
        ratio(sum(o.microseconds), sum(o.shipped) * 3600000000), coalesce(sum(o.shipped), 0)
    from orders as o
    union all
    select 'processing_hours', 'month', strftime(o.month, '%Y-%m'), 'hours',
        ratio(sum(o.microseconds), sum(o.shipped) * 3600000000), sum(o.shipped)
    from orders as o
    group by o.month
    having sum(o.shipped) > 0
    union all
    select 'cancellation_rate', 'all', 'all', 'share', ratio(sum(o.cancelled), sum(o.orders)), coalesce(sum(o.orders), 0)
    from orders as o
    union all
    select 'cancellation_rate', 'category', c.category_id::varchar, 'share', ratio(c.cancelled, c.orders), c.orders
    from orders_of_categories as c
    union all
    select 'payment_method_share', 'payment_method', o.payment_method, 'share',
        ratio(sum(o.orders - o.cancelled), sum(sum(o.orders - o.cancelled)) over ()), sum(o.orders - o.cancelled)
    from orders as o
    group by o.payment_method
    having sum(o.orders - o.cancelled) > 0
    union all
    select 'average_rating', 'all', 'all', 'rating', ratio(sum(r.ratings), sum(r.reviews)), coalesce(sum(r.reviews), 0)
    from reviews as r
    union all
    select 'average_rating', 'category', p.category_id::varchar, 'rating',
        ratio(sum(r.ratings), sum(r.reviews)), sum(r.reviews)
    from reviews as r
    inner join products as p on p.item_id = r.product_id
    group by p.category_id
    union all
    select 'rated_under_3', 'all', 'all', 'count', count(*) filter (where r.ratings < 3 * r.reviews), count(*)
    from rated as r
    union all
    select 'rated_under_3', 'product', r.product_id::varchar, 'rating', ratio(r.ratings, r.reviews), r.reviews
    from rated as r
    where r.ratings < 3 * r.reviews
    union all
    select 'rating_by_month', 'month', strftime(r.month, '%Y-%m'), 'rating',
        ratio(sum(r.ratings), sum(r.reviews)), sum(r.reviews)
    from reviews as r
    group by r.month
    union all
    select 'cart_abandonment', 'all', 'all', 'share', ratio(sum(c.left_behind), sum(c.carts)), coalesce(sum(c.carts), 0)
    from carts as c
    union all
    select 'cart_abandonment', 'month', strftime(c.month, '%Y-%m'), 'share',
        ratio(sum(c.left_behind), sum(c.carts)), sum(c.carts)
    from carts as c
    group by c.month
),

worth as (
    select 'inventory_value' as metric, 'all' as dimension, 'all' as member,
        coalesce(sum(p.stock * p.cost), 0)::decimal(18, 2) as amount, count(*) as basis
    from products as p
    union all
    select 'inventory_value', 'category', p.category_id::varchar, sum(p.stock * p.cost)::decimal(18, 2), count(*)
    from products as p
    group by p.category_id
),

everything as (
    select m.metric, m.dimension, m.member, m.unit, m.value::decimal(18, 4) as value, null::decimal(18, 2) as amount, m.basis
    from measured as m
    union all
    select w.metric, w.dimension, w.member, 'money', null, w.amount, w.basis
    from worth as w
)

select
    e.metric,
    e.dimension,
    e.member,
    a.day::date as as_of,
    e.unit,
    e.value::decimal(18, 4) as value,
    e.amount::decimal(18, 2) as amount,
    e.basis::bigint as basis
from everything as e
cross join as_of as a
