-- description: What each customer with at least one order has bought up to the last day of the run's
--     interval, the as-of date. Orders are those that are not cancelled; revenue is their lines'
--     total_price less completed refunds. Scores, segments and the projected lifetime value (CLV)
--     compare all these customers with each other on that day.
-- grain: one row per customer with at least one order
-- key: customer_id
-- publish: as-of
-- reads: published.orders, published.sales, published.refunds
-- totals: orders, revenue, average_ticket, orders_per_month, clv, clv_acquisition_cost
-- column customer_id: The customer, see customer.
-- column as_of: The last day that counts.
-- column orders: Orders that are not cancelled.
-- column revenue: Their lines' total_price less completed refunds.
-- column average_ticket: revenue / orders.
-- column first_purchase: Day of the first order, UTC.
-- column last_purchase: Day of the last order, UTC.
-- column days_since_last_purchase: Days from then to the as-of date.
-- column r_score: Recency: 1 + floor(5 × share of customers whose last purchase is longer ago), 1 to 5.
-- column f_score: Frequency: the same of customers with fewer orders.
-- column m_score: Money: the same of customers with less revenue.
-- column segment: The first that holds. VIP: all scores 4 or more; Loyal: all 3 or more; New: R 4 or more
--     and F 1; At Risk: R 2 or less and F 2 or more; Lost: R and F 2 or less; else Regular.
-- column months_since_first_purchase: Whole months from the first purchase to the as-of date.
-- column orders_per_month: orders / months_since_first_purchase, of at least one month.
-- column lifetime_months: Months since the first purchase and those still expected, none of a Lost customer.
-- column clv: average ticket × orders per month × lifetime months less the cost of acquisition, rounded once.
-- column clv_expected_months: Months still expected, a parameter of the run.
-- column clv_acquisition_cost: What it costs to win a customer, a parameter of the run.
-- error as_of_is_last: last_purchase <= as_of and first_purchase <= last_purchase
-- error has_orders: orders > 0
-- error r_score_in_range: r_score between 1 and 5
-- error f_score_in_range: f_score between 1 and 5
-- error m_score_in_range: m_score between 1 and 5
-- error segment_known: segment in ('VIP', 'Loyal', 'New', 'At Risk', 'Lost', 'Regular')
-- warn revenue_not_negative: revenue >= 0
-- error orders_equal_facts: (select sum(r.orders) from result as r)
--     = (select count(*) from published.orders as o where o.order_status <> 'cancelled')
-- error revenue_equals_facts: (select sum(r.revenue) from result as r)
--     = (select coalesce(sum(s.total_price), 0) from published.sales as s where s.order_status <> 'cancelled')
--     - (select coalesce(sum(f.amount), 0) from published.refunds as f
--         where f.refund_status = 'completed' and f.customer_id in (select r.customer_id from result as r))
with purchases as (
    select
        o.customer_id,
        count(*) as orders,
        min(o.ordered_at)::date as first_purchase,
        max(o.ordered_at)::date as last_purchase
    from published.orders as o
    where o.order_status <> 'cancelled'
    group by o.customer_id
),

sold as (
    select
        s.customer_id,
        sum(s.total_price) as amount
    from published.sales as s
    where s.order_status <> 'cancelled'
    group by s.customer_id
),

refunded as (
    select
        r.customer_id,
        sum(r.amount) as amount
    from published.refunds as r
    where r.refund_status = 'completed'
    group by r.customer_id
),

history as (
    select
        p.*,
        (i.to_day - 1)::date as as_of,
        coalesce(s.amount, 0) - coalesce(r.amount, 0) as revenue
    from purchases as p
    cross join run.interval as i
    left join sold as s on s.customer_id = p.customer_id
    left join refunded as r on r.customer_id = p.customer_id
),

-- rank() - 1 is how many are strictly worse.
scored as (
    select
        h.*,
        date_sub('month', h.first_purchase, h.as_of) as months,
        1 + 5 * (rank() over (order by h.last_purchase) - 1) // count(*) over () as r_score,
        1 + 5 * (rank() over (order by h.orders) - 1) // count(*) over () as f_score,
        1 + 5 * (rank() over (order by h.revenue) - 1) // count(*) over () as m_score
    from history as h
),

segmented as (
    select
        s.*,
        case
            when least(s.r_score, s.f_score, s.m_score) >= 4 then 'VIP'
            when least(s.r_score, s.f_score, s.m_score) >= 3 then 'Loyal'
            when s.r_score >= 4 and s.f_score = 1 then 'New'
            when s.r_score <= 2 and s.f_score >= 2 then 'At Risk'
            when s.r_score <= 2 and s.f_score <= 2 then 'Lost'
            else 'Regular'
        end as segment
    from scored as s
),

expected as (
    select
        s.*,
        s.months + case when s.segment = 'Lost' then 0 else p.clv_expected_months end as lifetime_months,
        p.clv_expected_months,
        p.clv_acquisition_cost
    from segmented as s
    cross join run.parameters as p
)

-- The orders of ticket and orders per month cancel each other out of the lifetime value.
select
    e.customer_id,
    e.as_of,
    e.orders,
    e.revenue::decimal(18, 2) as revenue,
    money_ratio(e.revenue, e.orders) as average_ticket,
    e.first_purchase,
    e.last_purchase,
    (e.as_of - e.last_purchase)::integer as days_since_last_purchase,
    e.r_score::smallint as r_score,
    e.f_score::smallint as f_score,
    e.m_score::smallint as m_score,
    e.segment,
    e.months::integer as months_since_first_purchase,
    ratio(e.orders, greatest(1, e.months)) as orders_per_month,
    e.lifetime_months::integer as lifetime_months,
    (money_ratio(e.revenue * e.lifetime_months, greatest(1, e.months)) - e.clv_acquisition_cost)::decimal(18, 2) as clv,
    e.clv_expected_months::integer as clv_expected_months,
    e.clv_acquisition_cost
from expected as e
