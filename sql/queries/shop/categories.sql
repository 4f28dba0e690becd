-- name: CreateCategory :one
insert into catalog.categories (name, parent_id, description)
values (sqlc.arg(name), sqlc.narg(parent_id), sqlc.arg(description))
returning *;

-- name: GetCategory :one
select *
from catalog.categories
where id = sqlc.arg(id);

-- name: ListCategories :many
-- parent_id 0 asks for the roots.
select *
from catalog.categories
where id > sqlc.arg(after_id)
    and (is_active or sqlc.arg(include_inactive)::boolean)
    and (
        sqlc.narg(parent_id)::bigint is null
        or coalesce(parent_id, 0) = sqlc.narg(parent_id)
    )
order by id
limit sqlc.arg(row_limit);

-- name: ListCategoryTree :many
-- Active categories, by name.
select *
from catalog.categories
where is_active
order by name, id;

-- name: CountProductsByCategory :many
-- Products that are for sale and on the shelf (shelf 2 of the index), of each category by itself.
select
    category_id,
    count(*) as products
from catalog.product_index
where shelf = 2
group by category_id;

-- name: UpdateCategory :one
-- parent_id 0 makes the category a root.
update catalog.categories
set
    name = coalesce(sqlc.narg(name), name),
    parent_id = nullif(coalesce(sqlc.narg(parent_id), parent_id), 0),
    description = coalesce(sqlc.narg(description), description),
    is_active = coalesce(sqlc.narg(is_active), is_active),
    version = version + 1,
    updated_at = now()
where id = sqlc.arg(id)
    and (sqlc.narg(versions)::bigint[] is null or version = any(sqlc.narg(versions)))
returning *;

-- name: LockCategoryTree :exec
-- Two moves at once could make a cycle that neither sees.
lock table catalog.categories in share row exclusive mode;

-- name: IsInSubtree :one
select
    (sqlc.arg(id)::bigint in (select catalog.subtree(sqlc.arg(root)::bigint)))::boolean as is_below;
