-- A shop with $1 customers and $2 products of 50 vendors, from the day before the first order on.
with categories as (
    insert into catalog.categories (id, name)
    overriding system value
    select n, 'Category ' || n
    from generate_series(1, 20) as n
),

vendors as (
    insert into catalog.vendors (id, vendor_name, region, joined_at)
    overriding system value
    select n, 'Vendor ' || n, (array['DE', 'ES', 'FR', 'IT', 'PT'])[n % 5 + 1], '2024-10-31 00:00:00+00'
    from generate_series(1, 50) as n
),

customers as (
    insert into identity.customers (id, first_name, last_name, email, city, country, joined_at)
    overriding system value
    select
        n, 'Given' || n, 'Family' || n, 'person' || n || '@example.org', 'City ' || n % 1000,
        (array['DE', 'ES', 'FR', 'IT', 'PT'])[n % 5 + 1],
        timestamptz '2024-11-01 00:00:00+00' + n % 600 * interval '1 day'
    from generate_series(1, $1::integer) as n
),

products as (
    insert into catalog.products (
        id, vendor_id, item_name, category_id, brand, price, cost, created_at, updated_at
    )
    overriding system value
    select
        n, n % 50 + 1, 'Product ' || n, n % 20 + 1, 'Brand ' || n % 97, n % 100 + 1.99,
        round((n % 100 + 1.99) * 0.6, 2), '2024-10-31 00:00:00+00', '2024-10-31 00:00:00+00'
    from generate_series(1, $2::integer) as n
),

balances as (
    insert into catalog.stock (product_id, on_hand)
    select n, 1000000000
    from generate_series(1, $2::integer) as n
)

insert into catalog.stock_ledger (
    product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at, recorded_at
)
select n, 'initial', 1000000000, 0, 'inventory', '2024-10-31 00:00:00+00', '2024-10-31 00:00:00+00'
from generate_series(1, $2::integer) as n;
