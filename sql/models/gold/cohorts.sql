-- description: Customers by the month in which they registered, and what became of them in each month since,
--     up to the month of the last day of the run's interval. Orders are those that are not cancelled;
--     refunds lower the revenue of the month in which they were asked for. What somebody bought before
--     registering counts for month 0. Customers in quarantine are in no cohort.
-- grain: one row per month of registration and month since
-- key: cohort_month, months_since
-- publish: as-of
-- reads: published.orders, published.sales, published.refunds, gold.customer
-- totals: customers, active_customers, retention, orders, revenue, value, cumulative_revenue, cumulative_value
-- column cohort_month: First day of the month of registration, UTC.
-- column months_since: 0 for that month, 1 for the next, …
-- column customers: Customers who registered then.
-- column active_customers: Of them those with an order in the month.
-- column retention: active_customers / customers.
-- column orders: Their orders in the month.
-- column revenue: Their lines' total_price less completed refunds, in the month.
-- column value: revenue / customers: what a customer of the cohort was worth in the month.
-- column cumulative_revenue: revenue of this month and those before.
-- column cumulative_value: cumulative_revenue / customers.
-- error customers_positive: customers > 0
-- error retention_is_a_share: retention between 0 and 1
-- error months_not_negative: months_since >= 0
-- error orders_equal_facts: (select sum(r.orders) from result as r)
--     = (select count(*) from published.orders as o
--         where o.order_status <> 'cancelled' and o.customer_id in (select c.customer_id from gold.customer as c
--             where c.joined_at < (select i.to_day from run.interval as i)))
-- error revenue_equals_facts: (select sum(r.revenue) from result as r)
--     = (select coalesce(sum(s.total_price), 0) from published.sales as s
--         where s.order_status <> 'cancelled' and s.customer_id in (select c.customer_id from gold.customer as c
--             where c.joined_at < (select i.to_day from run.interval as i)))
--     - (select coalesce(sum(f.amount), 0) from published.refunds as f
--         where f.refund_status = 'completed' and f.customer_id in (select c.customer_id from gold.customer as c
--             where c.joined_at < (select i.to_day from run.interval as i)))
with members as (
    select
        c.customer_id,
        date_trunc('month', c.joined_at)::date as cohort_month
    from gold.customer as c
    cross join run.interval as i
    where c.joined_at < i.to_day
),

cells as (
    select
        s.cohort_month,
        s.customers,
        unnest(generate_series(0, date_diff('month', s.cohort_month, i.to_day - 1))) as months_since
    from (
        select
            m.cohort_month,
            count(*) as customers
        from members as m
        group by m.cohort_month
    ) as s
    cross join run.interval as i
),

bought as (
    select
        o.customer_id,
        date_trunc('month', o.ordered_at)::date as month,
        count(*) as orders
    from published.orders as o
    where o.order_status <> 'cancelled'
    group by all
),

earned as (
    select
        s.customer_id,
        date_trunc('month', s.ordered_at)::date as month,
        sum(s.total_price) as amount
    from published.sales as s
    where s.order_status <> 'cancelled'
    group by all
    union all
    select
        r.customer_id,
        date_trunc('month', r.refunded_at)::date as month,
        -sum(r.amount) as amount
    from published.refunds as r
    where r.refund_status = 'completed'
    group by all
),

active as (
    select
        m.cohort_month,
        greatest(0, date_diff('month', m.cohort_month, b.month)) as months_since,
        count(distinct b.customer_id) as active_customers,
        sum(b.orders) as orders
    from bought as b
    inner join members as m on m.customer_id = b.customer_id
    group by all
),

worth as (
    select
        m.cohort_month,
        greatest(0, date_diff('month', m.cohort_month, e.month)) as months_since,
        sum(e.amount) as revenue
    from earned as e
    inner join members as m on m.customer_id = e.customer_id
    group by all
),

measured as (
    select
        c.*,
        coalesce(a.active_customers, 0) as active_customers,
        coalesce(a.orders, 0) as orders,
        coalesce(w.revenue, 0) as revenue,
        sum(coalesce(w.revenue, 0)) over (partition by c.cohort_month order by c.months_since) as cumulative_revenue
    from cells as c
    left join active as a on a.cohort_month = c.cohort_month and a.months_since = c.months_since
    left join worth as w on w.cohort_month = c.cohort_month and w.months_since = c.months_since
)

select
    m.cohort_month,
    m.months_since::integer as months_since,
    m.customers,
    m.active_customers,
    ratio(m.active_customers, m.customers) as retention,
    m.orders::bigint as orders,
    m.revenue::decimal(18, 2) as revenue,
    money_ratio(m.revenue, m.customers) as value,
    m.cumulative_revenue::decimal(18, 2) as cumulative_revenue,
    money_ratio(m.cumulative_revenue, m.customers) as cumulative_value
from measured as m
