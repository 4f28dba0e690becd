-- name: CreateCustomer :one
insert into identity.customers (
    first_name, last_name, email, phone, birth_date, city, country
)
values (
    sqlc.arg(first_name), sqlc.arg(last_name), sqlc.arg(email), sqlc.narg(phone),
    sqlc.narg(birth_date), sqlc.narg(city), sqlc.narg(country)
)
returning *;

-- name: CreateUser :one
insert into identity.users (email, password_hash, customer_id)
values (sqlc.arg(email), sqlc.arg(password_hash), sqlc.narg(customer_id))
returning id;

-- name: GrantRole :exec
insert into identity.user_roles (user_id, role, vendor_id)
values (sqlc.arg(user_id), sqlc.arg(role), sqlc.narg(vendor_id));

-- name: AccountByEmail :one
select
    account.id,
    account.password_hash,
    account.is_active,
    coalesce(account.customer_id, 0)::bigint as customer_id,
    coalesce(max(granted.vendor_id), 0)::bigint as vendor_id,
    coalesce(
        array_agg(granted.role) filter (where granted.role is not null), '{}'
    )::text [] as roles
from identity.users as account
left join identity.user_roles as granted on granted.user_id = account.id
where lower(account.email) = lower(sqlc.arg(email)::text)
group by account.id;

-- name: AccountByID :one
select
    account.id,
    account.is_active,
    coalesce(account.customer_id, 0)::bigint as customer_id,
    coalesce(max(granted.vendor_id), 0)::bigint as vendor_id,
    coalesce(
        array_agg(granted.role) filter (where granted.role is not null), '{}'
    )::text [] as roles
from identity.users as account
left join identity.user_roles as granted on granted.user_id = account.id
where account.id = sqlc.arg(id)
group by account.id;

-- name: CreateRefreshToken :exec
insert into identity.refresh_tokens (id, family_id, user_id, token_hash, expires_at)
values (
    sqlc.arg(id), sqlc.arg(family_id), sqlc.arg(user_id), sqlc.arg(token_hash),
    sqlc.arg(expires_at)
);

-- name: DropExpiredTokens :exec
-- One that does not exist is answered like one that has expired.
delete from identity.refresh_tokens
where user_id = sqlc.arg(user_id) and expires_at <= now();

-- name: LockRefreshToken :one
-- Two who use the same token at once come one after the other.
select
    id,
    family_id,
    user_id,
    expires_at,
    (used_at is not null)::boolean as is_used,
    (revoked_at is not null or expires_at <= now())::boolean as is_over
from identity.refresh_tokens
where token_hash = sqlc.arg(token_hash)
for update;

-- name: UseRefreshToken :exec
update identity.refresh_tokens
set used_at = now()
where id = sqlc.arg(id);

-- name: RevokeFamily :exec
update identity.refresh_tokens
set revoked_at = now()
where family_id = sqlc.arg(family_id) and revoked_at is null;

-- name: RevokeFamilyOf :exec
update identity.refresh_tokens as token
set revoked_at = now()
from identity.refresh_tokens as shown
where shown.token_hash = sqlc.arg(token_hash)
    and token.family_id = shown.family_id
    and token.revoked_at is null;

-- name: GetCustomer :one
select *
from identity.customers
where id = sqlc.arg(id);

-- name: ListCustomers :many
-- looking_for is the beginning of a name or of an e-mail address, in lower case; an empty one is anybody.
select *
from identity.customers
where id > sqlc.arg(after_id)
    and (
        sqlc.arg(looking_for)::text = ''
        or starts_with(lower(email), sqlc.arg(looking_for))
        or starts_with(lower(last_name), sqlc.arg(looking_for))
        or starts_with(lower(first_name || ' ' || last_name), sqlc.arg(looking_for))
    )
order by id
limit sqlc.arg(row_limit);

-- name: UpdateCustomer :one
update identity.customers
set
    first_name = coalesce(sqlc.narg(first_name), first_name),
    last_name = coalesce(sqlc.narg(last_name), last_name),
    phone = coalesce(sqlc.narg(phone), phone),
    birth_date = coalesce(sqlc.narg(birth_date), birth_date),
    city = coalesce(sqlc.narg(city), city),
    country = coalesce(sqlc.narg(country), country),
    updated_at = now()
where id = sqlc.arg(id) and (is_active or not sqlc.arg(only_active)::boolean)
returning *;

-- name: DeactivateCustomer :execrows
update identity.customers
set
    is_active = false,
    updated_at = now()
where id = sqlc.arg(id);

-- name: DeactivateUserOf :exec
update identity.users
set is_active = false
where customer_id = sqlc.arg(customer_id);

-- name: RevokeTokensOf :exec
update identity.refresh_tokens as token
set revoked_at = now()
from identity.users as account
where account.id = token.user_id
    and account.customer_id = sqlc.arg(customer_id)
    and token.revoked_at is null;
