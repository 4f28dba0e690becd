-- name: CreateVendor :one
insert into catalog.vendors (vendor_name, region)
values (sqlc.arg(vendor_name), sqlc.arg(region))
returning *;

-- name: GetVendor :one
select *
from catalog.vendors
where id = sqlc.arg(id);

-- name: ListVendors :many
select *
from catalog.vendors
where id > sqlc.arg(after_id)
    and (is_active or sqlc.arg(include_inactive)::boolean)
    and (sqlc.narg(region)::text is null or region = sqlc.narg(region))
order by id
limit sqlc.arg(row_limit);

-- name: UpdateVendor :one
update catalog.vendors
set
    vendor_name = coalesce(sqlc.narg(vendor_name), vendor_name),
    region = coalesce(sqlc.narg(region), region),
    is_active = coalesce(sqlc.narg(is_active), is_active),
    version = version + 1,
    updated_at = now()
where id = sqlc.arg(id)
    and (sqlc.narg(versions)::bigint[] is null or version = any(sqlc.narg(versions)))
returning *;

-- name: DeactivateProductsOf :exec
-- A vendor that has left sells nothing. Products are locked in the order of their ids.
with locked as (
    select product.id
    from catalog.products as product
    where product.vendor_id = sqlc.arg(vendor_id) and product.is_active
    order by product.id
    for no key update
)

update catalog.products
set
    is_active = false,
    version = version + 1,
    updated_at = now()
where id in (select locked.id from locked);
