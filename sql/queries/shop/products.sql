-- name: CreateProduct :one
-- The product, its balance and the first row of its ledger.
with product as (
    insert into catalog.products (
        vendor_id, sku, item_name, description, category_id, brand, model, price, cost, currency,
        weight_kg, dimensions, launch_date, attributes
    )
    values (
        sqlc.arg(vendor_id), sqlc.narg(sku), sqlc.arg(item_name), sqlc.arg(description), sqlc.arg(category_id),
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
-- What is null stays as it is; what a clear_ says becomes null.
update catalog.products
set
    sku = case when not sqlc.arg(clear_sku)::boolean then coalesce(sqlc.narg(sku), sku) end,
    item_name = coalesce(sqlc.narg(item_name), item_name),
    description = coalesce(sqlc.narg(description), description),
    category_id = coalesce(sqlc.narg(category_id), category_id),
    brand = coalesce(sqlc.narg(brand), brand),
    model = coalesce(sqlc.narg(model), model),
    price = coalesce(sqlc.narg(price), price),
    cost = coalesce(sqlc.narg(cost), cost),
    weight_kg = case
        when not sqlc.arg(clear_weight_kg)::boolean then coalesce(sqlc.narg(weight_kg), weight_kg)
    end,
    dimensions = case
        when not sqlc.arg(clear_dimensions)::boolean then coalesce(sqlc.narg(dimensions), dimensions)
    end,
    launch_date = case
        when not sqlc.arg(clear_launch_date)::boolean then coalesce(sqlc.narg(launch_date), launch_date)
    end,
    attributes = coalesce(sqlc.narg(attributes), attributes),
    is_active = coalesce(sqlc.narg(is_active), is_active),
    version = version + 1,
    updated_at = now()
where id = sqlc.arg(id)
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (sqlc.narg(versions)::bigint[] is null or version = any(sqlc.narg(versions)));

-- name: ProductExists :one
select exists (
    select
    from catalog.products
    where id = sqlc.arg(id)
        and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
);

-- name: ListProducts :many
-- See catalog.list_products.
select
    product.id,
    product.vendor_id,
    product.sku,
    product.item_name,
    product.category_id,
    product.brand,
    product.price,
    product.cost,
    product.currency,
    product.is_active,
    product.available,
    product.rating_average,
    product.rating_count,
    found.score::real as score
from catalog.list_products(
    sqlc.arg(shelves)::smallint[],
    sqlc.arg(available)::boolean,
    sqlc.narg(query)::text,
    sqlc.narg(category_id)::bigint,
    sqlc.narg(vendor_id)::bigint,
    sqlc.narg(brand)::text,
    sqlc.narg(price_from)::numeric,
    sqlc.narg(price_to)::numeric,
    sqlc.arg(sort)::text,
    sqlc.narg(after_id)::bigint,
    sqlc.narg(after_price)::numeric,
    sqlc.narg(after_name)::text,
    sqlc.narg(after_score)::real,
    sqlc.arg(row_limit)::integer
) with ordinality as found (id, score, place)
inner join catalog.product_listing as product on product.id = found.id
order by found.place;
