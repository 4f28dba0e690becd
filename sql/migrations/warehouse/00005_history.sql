-- +goose Up
-- Customers and products as they have been. The current row of each is that of warehouse.customer
-- and warehouse.inventory; what the columns mean stands with the models.

create table warehouse.customer_history (
    customer_id bigint not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from), -- null: as it is now
    first_name text not null,
    last_name text not null,
    email text not null,
    city text,
    country text,
    joined_at timestamptz not null,
    is_active boolean not null,
    primary key (customer_id, valid_from)
);
create unique index customer_history_current_idx on warehouse.customer_history (customer_id)
where valid_to is null;

create table warehouse.inventory_history (
    item_id bigint not null,
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to > valid_from), -- null: as it is now
    item_name text not null,
    category_id bigint not null,
    brand text,
    price numeric(18, 2) not null,
    cost numeric(18, 2) not null,
    vendor_id bigint not null,
    is_active boolean not null,
    primary key (item_id, valid_from)
);
create unique index inventory_history_current_idx on warehouse.inventory_history (item_id)
where valid_to is null;

-- +goose Down
drop table warehouse.customer_history, warehouse.inventory_history;
