-- description: Products as they have been: a row for each time that one was like this, but for its
--     balances, see stock_daily. A run adds what has changed since the run before; what came and went
--     between two runs is not seen.
-- grain: one row per product and time
-- key: item_id, valid_from
-- reads: clean.products, published.inventory_history
-- totals: price, cost
-- column item_id bigint: Key of the product, see inventory.
-- column valid_from timestamptz: From when on: when it entered the catalogue, later when the row was
--     written in the shop.
-- column valid_to timestamptz: Until when, exclusive; null for as the product is now.
-- column item_name varchar: Name.
-- column category_id bigint: The category it is in, see category.
-- column brand varchar: Brand; null when there is none.
-- column price decimal(18, 2): Price of a unit before discount.
-- column cost decimal(18, 2): What a unit costs the vendor.
-- column vendor_id bigint: The vendor who sells it, see vendor.
-- column is_active boolean: False while it is not for sale.
-- error each_is_current: not exists (select 1 from clean.products as n
--     where n.id not in (select h.item_id from result as h where h.valid_to is null))
-- error nothing_is_forgotten: (select count(*) from result as h) >= (select count(*) from published.inventory_history as b)
-- error period_not_empty: valid_to is null or valid_to > valid_from
-- error last_is_current: (valid_to is null) = (
--     valid_from = (select max(h.valid_from) from result as h where h.item_id = result.item_id))
with before as (
    select
        h.*,
        row(h.item_name, h.category_id, h.brand, h.price, h.cost, h.vendor_id, h.is_active) as content
    from published.inventory_history as h
),

now as (
    select
        p.*,
        row(p.item_name, p.category_id, p.brand, p.price, p.cost, p.vendor_id, p.is_active) as content
    from clean.products as p
),

-- As in customer_history.
changed as (
    select
        n.*,
        case when b.valid_from is null then n.created_at else greatest(n.updated_at, b.valid_from) end as valid_from
    from now as n
    left join before as b on b.item_id = n.id and b.valid_to is null
    where b.valid_from is null or b.content is distinct from n.content
)

select
    b.item_id,
    b.valid_from,
    coalesce(b.valid_to, c.valid_from) as valid_to,
    b.item_name,
    b.category_id,
    b.brand,
    b.price,
    b.cost,
    b.vendor_id,
    b.is_active
from before as b
left join changed as c on c.id = b.item_id
where c.valid_from is distinct from b.valid_from
union all
select
    c.id as item_id,
    c.valid_from,
    null as valid_to,
    c.item_name,
    c.category_id,
    c.brand,
    c.price,
    c.cost,
    c.vendor_id,
    c.is_active
from changed as c
