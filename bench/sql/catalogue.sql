-- Adds $1 products of ten categories, fifty brands and one vendor, at prices from 1.00 to 1000.99,
-- one in twenty out of stock. What they are called has four words out of some thousands.
with category as (
    insert into catalog.categories (name)
    select 'Bench category ' || n
    from generate_series(0, 9) as n
    returning id
),

vendor as (
    insert into catalog.vendors (vendor_name, region) values ('Bench vendor', 'PT')
    returning id
),

products as (
    insert into catalog.products (vendor_id, item_name, category_id, brand, price, cost)
    select
        (select id from vendor),
        'Item ' || n || ' word' || (n * 7919) % 3001 || ' part' || (n * 104729) % 997,
        (select min(id) from category) + n % 10,
        'Brand ' || n % 50,
        1 + (n * 48271 % 100000)::numeric / 100,
        1
    from generate_series(1, $1::bigint) as n
    returning id
),

balances as (
    insert into catalog.stock (product_id, on_hand)
    select id, case when id % 20 = 0 then 0 else 100 end
    from products
)

insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reason, reference_type)
select id, 'initial', 100, 0, 'initial', 'inventory'
from products
where id % 20 <> 0;
