-- name: ListDiscounts :many
select *
from ordering.discounts
where id > @after_id
    and (sqlc.narg(is_active)::boolean is null or is_active = sqlc.narg(is_active))
    and (sqlc.narg(code)::text is null or code = upper(btrim(sqlc.narg(code))))
order by id
limit @row_limit;

-- name: Discount :one
select *
from ordering.discounts
where id = @id;

-- name: CreateDiscount :one
insert into ordering.discounts (
    code, description, kind, percent, amount, minimum_subtotal, valid_from, valid_until, max_uses,
    uses_per_customer, is_active
)
values (
    @code, @description, @kind, sqlc.narg(percent), sqlc.narg(amount), @minimum_subtotal,
    sqlc.narg(valid_from), sqlc.narg(valid_until), sqlc.narg(max_uses),
    sqlc.narg(uses_per_customer), @is_active
)
returning *;

-- name: ReplaceDiscount :one
update ordering.discounts
set
    code = @code,
    description = @description,
    kind = @kind,
    percent = sqlc.narg(percent),
    amount = sqlc.narg(amount),
    minimum_subtotal = @minimum_subtotal,
    valid_from = sqlc.narg(valid_from),
    valid_until = sqlc.narg(valid_until),
    max_uses = sqlc.narg(max_uses),
    uses_per_customer = sqlc.narg(uses_per_customer),
    is_active = @is_active,
    updated_at = now()
where id = @id
returning *;

-- name: RemoveDiscount :one
-- Empty when there is none.
select coalesce(ordering.remove_discount(@id), '')::text as done;
