-- name: CreateProduct :one
-- The product, its balance and the first row of its ledger.
with product as (
    insert into catalog.products (
        vendor_id, item_name, description, category_id, brand, model, price, cost, currency,
        weight_kg, dimensions, launch_date, attributes
    )
    values (
        sqlc.arg(vendor_id), sqlc.arg(item_name), sqlc.arg(description), sqlc.arg(category_id),
        sqlc.arg(brand), sqlc.arg(model), sqlc.arg(price), sqlc.arg(cost), sqlc.arg(currency),
        sqlc.narg(weight_kg), sqlc.narg(dimensions), sqlc.narg(launch_date),
        sqlc.arg(attributes)
    )
    returning id
),

balance as (
    insert into catalog.stock (product_id, on_hand)
    select id, sqlc.arg(stock)::bigint
    from product
),

opening as (
    insert into catalog.stock_ledger (
        product_id, kind, on_hand_delta, reserved_delta, reason, reference_type
    )
    select id, 'initial', sqlc.arg(stock)::bigint, 0, 'initial', 'inventory'
    from product
    where sqlc.arg(stock)::bigint > 0
)

select id
from product;

-- name: GetProduct :one
select *
from catalog.product_listing
where id = sqlc.arg(id);

-- name: UpdateProduct :execrows
update catalog.products
set
    item_name = coalesce(sqlc.narg(item_name), item_name),
    description = coalesce(sqlc.narg(description), description),
    category_id = coalesce(sqlc.narg(category_id), category_id),
    brand = coalesce(sqlc.narg(brand), brand),
    model = coalesce(sqlc.narg(model), model),
    price = coalesce(sqlc.narg(price), price),
    cost = coalesce(sqlc.narg(cost), cost),
    weight_kg = coalesce(sqlc.narg(weight_kg), weight_kg),
    dimensions = coalesce(sqlc.narg(dimensions), dimensions),
    launch_date = coalesce(sqlc.narg(launch_date), launch_date),
    attributes = coalesce(sqlc.narg(attributes), attributes),
    is_active = coalesce(sqlc.narg(is_active), is_active),
    version = version + 1,
    updated_at = now()
where id = sqlc.arg(id)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id));

-- One list in four orders, each with an index of its own: newest first, cheapest first, dearest
-- first, by name. A null filter is no filter.

-- name: ListProductsNewest :many
select *
from catalog.product_listing
where (is_active or sqlc.arg(include_inactive)::boolean)
    and (available > 0 or sqlc.arg(include_out_of_stock)::boolean)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (
        sqlc.narg(category_id)::bigint is null
        or category_id in (select catalog.subtree(sqlc.narg(category_id)::bigint))
    )
    and (sqlc.narg(brand)::text is null or brand = sqlc.narg(brand))
    and (sqlc.narg(price_from)::numeric is null or price >= sqlc.narg(price_from))
    and (sqlc.narg(price_to)::numeric is null or price <= sqlc.narg(price_to))
    and (sqlc.narg(after_id)::bigint is null or id < sqlc.narg(after_id))
order by id desc
limit sqlc.arg(row_limit);

-- name: ListProductsCheapest :many
select *
from catalog.product_listing
where (is_active or sqlc.arg(include_inactive)::boolean)
    and (available > 0 or sqlc.arg(include_out_of_stock)::boolean)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (
        sqlc.narg(category_id)::bigint is null
        or category_id in (select catalog.subtree(sqlc.narg(category_id)::bigint))
    )
    and (sqlc.narg(brand)::text is null or brand = sqlc.narg(brand))
    and (sqlc.narg(price_from)::numeric is null or price >= sqlc.narg(price_from))
    and (sqlc.narg(price_to)::numeric is null or price <= sqlc.narg(price_to))
    and (
        sqlc.narg(after_id)::bigint is null
        or (price, id) > (sqlc.narg(after_price)::numeric, sqlc.narg(after_id))
    )
order by price, id
limit sqlc.arg(row_limit);

-- name: ListProductsDearest :many
select *
from catalog.product_listing
where (is_active or sqlc.arg(include_inactive)::boolean)
    and (available > 0 or sqlc.arg(include_out_of_stock)::boolean)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (
        sqlc.narg(category_id)::bigint is null
        or category_id in (select catalog.subtree(sqlc.narg(category_id)::bigint))
    )
    and (sqlc.narg(brand)::text is null or brand = sqlc.narg(brand))
    and (sqlc.narg(price_from)::numeric is null or price >= sqlc.narg(price_from))
    and (sqlc.narg(price_to)::numeric is null or price <= sqlc.narg(price_to))
    and (
        sqlc.narg(after_id)::bigint is null
        or (price, id) < (sqlc.narg(after_price)::numeric, sqlc.narg(after_id))
    )
order by price desc, id desc
limit sqlc.arg(row_limit);

-- name: ListProductsByName :many
select *
from catalog.product_listing
where (is_active or sqlc.arg(include_inactive)::boolean)
    and (available > 0 or sqlc.arg(include_out_of_stock)::boolean)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (
        sqlc.narg(category_id)::bigint is null
        or category_id in (select catalog.subtree(sqlc.narg(category_id)::bigint))
    )
    and (sqlc.narg(brand)::text is null or brand = sqlc.narg(brand))
    and (sqlc.narg(price_from)::numeric is null or price >= sqlc.narg(price_from))
    and (sqlc.narg(price_to)::numeric is null or price <= sqlc.narg(price_to))
    and (
        sqlc.narg(after_id)::bigint is null
        or (item_name, id) > (sqlc.narg(after_name)::text, sqlc.narg(after_id))
    )
order by item_name, id
limit sqlc.arg(row_limit);
