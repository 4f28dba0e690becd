-- Adds $1 products, each of a vendor of its own, with stock that does not run out. $2 makes their
-- names unique.
with category as (
    insert into catalog.categories (name) values ('Bench ' || $2)
    returning id
),

vendors as (
    insert into catalog.vendors (vendor_name, region)
    select 'Vendor ' || n || ' ' || $2, 'PT'
    from generate_series(1, $1::integer) as n
    returning id
),

products as (
    insert into catalog.products (vendor_id, item_name, category_id, brand, price, cost, weight_kg)
    select vendors.id, 'Product of ' || vendors.id, category.id, 'Acme', 10, 5, 0.5
    from vendors
    cross join category
    returning id
),

balances as (
    insert into catalog.stock (product_id, on_hand)
    select id, 1000000000
    from products
),

opening as (
    insert into catalog.stock_ledger (
        product_id, kind, on_hand_delta, reserved_delta, reason, reference_type
    )
    select id, 'initial', 1000000000, 0, 'initial', 'inventory'
    from products
)

select id
from products
order by id;
