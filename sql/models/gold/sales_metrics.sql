-- description: Sales by day, week, month and quarter up to the last day of the run's interval: periods with
--     an order or a refund, the last one as far as it has come. Orders are those that are not cancelled,
--     on the day they were placed; refunds lower the revenue of the day on which they were asked for.
-- grain: one row per period with an order or a refund
-- key: period, period_start
-- publish: as-of
-- reads: published.sales, published.orders, published.refunds
-- totals: orders, units, sales, refunds, revenue, average_order_value, orders_per_customer, previous_revenue, growth_percent,
--     seasonality
-- column period: day, week, month or quarter.
-- column period_start: Its first day, UTC; weeks begin on Monday.
-- column orders: Orders.
-- column units: Units.
-- column customers: Customers who bought, each once.
-- column sales: Sum of the lines' total_price.
-- column refunds: Completed refunds.
-- column revenue: sales less refunds.
-- column average_order_value: revenue / orders; null where there are none.
-- column orders_per_customer: orders / customers; null where there are none.
-- column previous_revenue: Revenue of the same day, ISO week, month or quarter of the year before; null where
--     there is no such row, and for what not every year has: 29 February and week 53.
-- column growth_percent: (revenue - previous_revenue) / previous_revenue × 100; null unless that is over 0.
-- column seasonality: Of quarters: mean revenue of the quarters with this number by that of all quarters, of
--     those that are over; 1 is an ordinary quarter. Null for other periods, and where none is over.
-- error period_known: period in ('day', 'week', 'month', 'quarter')
-- error every_period: (select count(distinct r.period) from result as r) = 4
-- error customers_have_orders: customers <= orders and (customers > 0) = (orders > 0)
-- error revenue_equals_facts: (select sum(r.revenue) from result as r where r.period = result.period)
--     = (select coalesce(sum(s.total_price), 0) from published.sales as s where s.order_status <> 'cancelled')
--     - (select coalesce(sum(f.amount), 0) from published.refunds as f where f.refund_status = 'completed')
-- error orders_equal_facts: (select sum(r.orders) from result as r where r.period = result.period)
--     = (select count(*) from published.orders as o where o.order_status <> 'cancelled')
with periods as (
    select unnest(['day', 'week', 'month', 'quarter']) as period
),

facts as (
    select
        s.ordered_at::date as day,
        sum(s.total_price) filter (where s.order_status <> 'cancelled') as sales,
        sum(s.qty) filter (where s.order_status <> 'cancelled') as units,
        0 as refunds
    from published.sales as s
    group by all
    union all by name
    select
        r.refunded_at::date as day,
        sum(r.amount) as refunds
    from published.refunds as r
    where r.refund_status = 'completed'
    group by all
    union all by name
    select distinct o.ordered_at::date as day
    from published.orders as o
),

amounts as (
    select
        p.period,
        date_trunc(p.period, f.day)::date as period_start,
        coalesce(sum(f.sales), 0) as sales,
        coalesce(sum(f.units), 0) as units,
        coalesce(sum(f.refunds), 0) as refunds
    from facts as f
    cross join periods as p
    group by all
),

-- Each customer once per period: of a day first, of which there are fewer than orders.
days as (
    select
        o.ordered_at::date as period_start,
        o.customer_id,
        count(*) as orders
    from published.orders as o
    where o.order_status <> 'cancelled'
    group by all
),

weeks as (
    select
        date_trunc('week', d.period_start)::date as period_start,
        d.customer_id,
        sum(d.orders)::bigint as orders
    from days as d
    group by all
),

months as (
    select
        date_trunc('month', d.period_start)::date as period_start,
        d.customer_id,
        sum(d.orders)::bigint as orders
    from days as d
    group by all
),

bought as (
    select 'day' as period, d.period_start, count(*) as customers, sum(d.orders) as orders
    from days as d
    group by all
    union all
    select 'week', w.period_start, count(*), sum(w.orders)
    from weeks as w
    group by all
    union all
    select 'month', m.period_start, count(*), sum(m.orders)
    from months as m
    group by all
    union all
    select 'quarter', date_trunc('quarter', m.period_start)::date, count(distinct m.customer_id), sum(m.orders)
    from months as m
    group by all
),

measured as (
    select
        a.period,
        a.period_start,
        coalesce(b.orders, 0) as orders,
        a.units,
        coalesce(b.customers, 0) as customers,
        a.sales,
        a.refunds,
        a.sales - a.refunds as revenue,
        case
            when a.period = 'week'
                then date_trunc('week', make_date(isoyear(a.period_start) - 1, 1, 4))::date
                    + (7 * (week(a.period_start) - 1))::integer
            when strftime(a.period_start, '%m%d') <> '0229' or a.period <> 'day'
                then (a.period_start - interval 1 year)::date
        end::date as year_before
    from amounts as a
    left join bought as b on b.period = a.period and b.period_start = a.period_start
),

quarters as (
    select
        quarter(m.period_start) as number,
        sum(m.revenue) as revenue,
        count(*) as quarters,
        sum(sum(m.revenue)) over () as all_revenue,
        sum(count(*)) over () as all_quarters
    from measured as m
    cross join run.interval as i
    where m.period = 'quarter' and m.period_start + interval 3 month <= i.to_day
    group by all
)

select
    m.period,
    m.period_start,
    m.orders::bigint as orders,
    m.units::bigint as units,
    m.customers,
    m.sales::decimal(18, 2) as sales,
    m.refunds::decimal(18, 2) as refunds,
    m.revenue::decimal(18, 2) as revenue,
    money_ratio(m.revenue, m.orders) as average_order_value,
    ratio(m.orders, m.customers) as orders_per_customer,
    b.revenue::decimal(18, 2) as previous_revenue,
    case when b.revenue > 0 then ratio((m.revenue - b.revenue) * 100, b.revenue) end as growth_percent,
    case when q.all_revenue > 0 then ratio(q.revenue * q.all_quarters, q.quarters * q.all_revenue) end as seasonality
from measured as m
left join measured as b
    on b.period = m.period
    and b.period_start = m.year_before
    and (m.period <> 'week' or week(b.period_start) = week(m.period_start))
left join quarters as q on m.period = 'quarter' and q.number = quarter(m.period_start)
