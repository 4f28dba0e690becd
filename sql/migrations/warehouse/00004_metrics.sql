-- +goose Up
-- The metrics of the last day that was loaded. What their columns mean stands with the models that
-- fill them, sql/models/gold/*.sql; a test compares the two.

create table warehouse.customer_analytics (
    customer_id bigint primary key,
    as_of date not null,
    orders bigint not null,
    revenue numeric(18, 2) not null,
    average_ticket numeric(18, 2) not null,
    first_purchase date not null,
    last_purchase date not null,
    days_since_last_purchase integer not null,
    r_score smallint not null check (r_score between 1 and 5),
    f_score smallint not null check (f_score between 1 and 5),
    m_score smallint not null check (m_score between 1 and 5),
    segment text not null check (segment in ('VIP', 'Loyal', 'New', 'At Risk', 'Lost', 'Regular')),
    months_since_first_purchase integer not null,
    orders_per_month numeric(18, 4) not null,
    lifetime_months integer not null,
    clv numeric(18, 2) not null,
    clv_expected_months integer not null,
    clv_acquisition_cost numeric(18, 2) not null
);
create index customer_analytics_segment_idx on warehouse.customer_analytics (segment, revenue desc, customer_id);
create index customer_analytics_revenue_idx on warehouse.customer_analytics (revenue desc, customer_id);

create table warehouse.product_performance (
    item_id bigint primary key,
    vendor_id bigint not null,
    category_id bigint not null,
    is_active boolean not null,
    as_of date not null,
    price numeric(18, 2) not null,
    cost numeric(18, 2) not null,
    margin_percent numeric(18, 4),
    units_sold bigint not null,
    revenue numeric(18, 2) not null,
    profit numeric(18, 2) not null,
    discount numeric(18, 2) not null,
    refunds numeric(18, 2) not null,
    net_revenue numeric(18, 2) not null,
    last_sale date,
    units_365_days bigint not null,
    average_stock numeric(18, 4),
    turnover numeric(18, 4),
    stock bigint not null,
    units_12_months bigint not null,
    months_of_stock numeric(18, 4),
    stock_class text not null check (stock_class in ('Critical', 'Low', 'Medium', 'High')),
    sales_class text not null check (sales_class in ('Best Seller', 'Good', 'Average', 'Slow', 'No Sales')),
    reviews bigint not null,
    average_rating numeric(18, 4)
);
create index product_performance_vendor_idx on warehouse.product_performance (vendor_id, item_id);
create index product_performance_revenue_idx on warehouse.product_performance (revenue desc, item_id);
create index product_performance_stock_idx on warehouse.product_performance (stock, item_id);

create table warehouse.sales_metrics (
    period text not null check (period in ('day', 'week', 'month', 'quarter')),
    period_start date not null,
    orders bigint not null,
    units bigint not null,
    customers bigint not null,
    sales numeric(18, 2) not null,
    refunds numeric(18, 2) not null,
    revenue numeric(18, 2) not null,
    average_order_value numeric(18, 2),
    orders_per_customer numeric(18, 4),
    previous_revenue numeric(18, 2),
    growth_percent numeric(18, 4),
    seasonality numeric(18, 4),
    primary key (period, period_start)
);

create table warehouse.cohorts (
    cohort_month date not null,
    months_since integer not null,
    customers bigint not null,
    active_customers bigint not null,
    retention numeric(18, 4) not null,
    orders bigint not null,
    revenue numeric(18, 2) not null,
    value numeric(18, 2) not null,
    cumulative_revenue numeric(18, 2) not null,
    cumulative_value numeric(18, 2) not null,
    primary key (cohort_month, months_since)
);

create table warehouse.operational_metrics (
    metric text not null,
    dimension text not null,
    member text not null,
    as_of date not null,
    unit text not null,
    value numeric(18, 4),
    amount numeric(18, 2),
    basis bigint not null,
    primary key (metric, dimension, member)
);

-- +goose Down
drop table warehouse.customer_analytics, warehouse.product_performance, warehouse.sales_metrics,
warehouse.cohorts, warehouse.operational_metrics;
