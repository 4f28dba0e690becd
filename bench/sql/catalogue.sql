-- Adds as many products as the setting bench.products says, of ten categories, fifty brands and one
-- vendor, at prices from 1.00 to 1000.99, one in twenty out of stock. What they are called has four
-- words out of some thousands.
--
-- What the triggers of products and stock would write is written at once, and the indexes of
-- product_index are built when its rows are there: a million rows one index entry after the other
-- take several times as long. The definitions are the database's own.
set local synchronous_commit = off;
set local maintenance_work_mem = '256MB';
alter table catalog.products disable trigger user;
alter table catalog.stock disable trigger user;
create temporary table bench_indexes on commit drop as
select
    indexrelid::regclass::text as name,
    pg_get_indexdef(indexrelid) as definition
from pg_index
where indrelid = 'catalog.product_index'::regclass and not indisprimary;
do $$
declare
    name text;
begin
    for name in select bench_indexes.name from bench_indexes loop
        execute 'drop index ' || name;
    end loop;
end
$$;

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
    from generate_series(1, current_setting('bench.products')::bigint) as n
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

insert into catalog.product_index (
    product_id, vendor_id, category_id, brand, model, item_name, price, is_active, stocked
)
select
    id, vendor_id, category_id, brand, model, item_name, price, is_active, on_hand > 0
from catalog.products
inner join catalog.stock on product_id = id;
select catalog.learn_words(array(
    select distinct lexeme
    from catalog.product_index
    cross join lateral unnest(document)
));

do $$
declare
    definition text;
begin
    for definition in select bench_indexes.definition from bench_indexes loop
        execute definition;
    end loop;
end
$$;
alter table catalog.products enable trigger user;
alter table catalog.stock enable trigger user;
