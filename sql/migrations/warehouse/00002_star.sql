-- +goose Up
-- The star schema. What its columns mean stands with the models that fill them,
-- sql/models/gold/*.sql; a test compares the two.

create table warehouse.sales (
    order_item_id bigint primary key,
    order_id uuid not null,
    item_id bigint not null,
    customer_id bigint not null,
    vendor_id bigint not null,
    category_id bigint,
    date_id integer not null,
    ordered_at timestamptz not null,
    channel text not null,
    unit_price numeric(18, 2) not null,
    unit_cost numeric(18, 2) not null,
    qty bigint not null,
    discount numeric(18, 2) not null,
    total_price numeric(18, 2) not null,
    order_status text not null,
    payment_status text not null
);
create index sales_date_idx on warehouse.sales (date_id);

create table warehouse.orders (
    order_id uuid primary key,
    customer_id bigint not null,
    country text,
    channel text not null,
    date_id integer not null,
    ordered_at timestamptz not null,
    order_status text not null,
    payment_method text not null,
    payment_status text not null,
    subtotal numeric(18, 2) not null,
    discount_amount numeric(18, 2) not null,
    tax_amount numeric(18, 2) not null,
    shipping_cost numeric(18, 2) not null,
    total_amount numeric(18, 2) not null,
    currency text not null,
    discount_code text,
    cancel_reason text,
    order_sequence bigint not null,
    confirmed_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    days_to_ship bigint
);
create index orders_date_idx on warehouse.orders (date_id);

create table warehouse.carts (
    cart_id uuid primary key,
    customer_id bigint not null,
    date_id integer not null,
    begun_at timestamptz not null,
    cart_status text not null,
    items bigint not null,
    units bigint not null,
    value numeric(18, 2) not null,
    currency text not null,
    checked_out_at timestamptz,
    updated_at timestamptz not null
);
create index carts_date_idx on warehouse.carts (date_id);

create table warehouse.refunds (
    refund_id uuid not null,
    order_item_id bigint not null,
    order_id uuid not null,
    item_id bigint not null,
    customer_id bigint not null,
    vendor_id bigint not null,
    category_id bigint,
    date_id integer not null,
    refunded_at timestamptz not null,
    ordered_at timestamptz not null,
    qty bigint not null,
    amount numeric(18, 2) not null,
    refund_status text not null,
    restocked boolean not null,
    primary key (refund_id, order_item_id)
);
create index refunds_date_idx on warehouse.refunds (date_id);

create table warehouse.stock_daily (
    date_id integer not null,
    day_start timestamptz not null,
    item_id bigint not null,
    opening bigint not null,
    units_in bigint not null,
    units_out bigint not null,
    closing bigint not null,
    reserved bigint not null,
    primary key (date_id, item_id)
);

create table warehouse.customer (
    customer_id bigint primary key,
    first_name text not null,
    last_name text not null,
    email text not null,
    city text,
    country text,
    joined_at timestamptz not null,
    is_active boolean not null
);

create table warehouse.inventory (
    item_id bigint primary key,
    item_name text not null,
    category_id bigint not null,
    brand text,
    price numeric(18, 2) not null,
    cost numeric(18, 2) not null,
    vendor_id bigint not null,
    on_hand bigint not null,
    reserved bigint not null,
    is_active boolean not null,
    updated_at timestamptz not null
);

create table warehouse.vendor (
    vendor_id bigint primary key,
    vendor_name text not null,
    region text not null,
    joined_at timestamptz not null,
    is_active boolean not null
);

create table warehouse.category (
    category_id bigint primary key,
    category_name text not null,
    parent_id bigint,
    path text not null,
    is_active boolean not null
);

create table warehouse.date (
    date_id integer primary key,
    date date not null,
    year smallint not null,
    quarter smallint not null,
    month smallint not null,
    week smallint not null,
    day smallint not null,
    weekday smallint not null,
    weekday_name text not null,
    is_weekend boolean not null
);

-- +goose Down
drop table warehouse.sales, warehouse.orders, warehouse.carts, warehouse.refunds, warehouse.stock_daily, warehouse.customer,
warehouse.inventory, warehouse.vendor, warehouse.category, warehouse.date;
