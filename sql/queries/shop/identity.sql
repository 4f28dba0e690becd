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

-- name: CreateUserOf :one
-- The account of an active customer, whose row it keeps from being closed meanwhile.
with customer as (
    select id, email
    from identity.customers
    where id = sqlc.arg(customer_id)::bigint and is_active
    for share
)

insert into identity.users (email, password_hash, customer_id)
select email, sqlc.arg(password_hash)::text, id
from customer
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

-- name: LockHolder :exec
-- Whoever makes or ends sessions of a user has the user's row: what ends them sees every token that
-- was made before, and no token is made of one that has ended.
select 1
from identity.users
where id = (select user_id from identity.refresh_tokens where token_hash = sqlc.arg(token_hash))
for no key update;

-- name: RefreshToken :one
select
    id,
    family_id,
    user_id,
    expires_at,
    (used_at is not null)::boolean as is_used,
    (revoked_at is not null or expires_at <= now())::boolean as is_over
from identity.refresh_tokens
where token_hash = sqlc.arg(token_hash);

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
select *
from identity.customers
where id > sqlc.arg(after_id)
order by id
limit sqlc.arg(row_limit);

-- name: FindCustomers :many
with found as materialized (
    select id
    from identity.customers_like(sqlc.arg(prefix)::text, sqlc.arg(prefix_end)::text) as found (id)
)

select customer.*
from found
inner join identity.customers as customer using (id)
where customer.id > sqlc.arg(after_id)
order by customer.id
limit sqlc.arg(row_limit);

-- name: ListVendorCustomers :many
-- A sale is an order that was confirmed, whatever became of it.
select customer.*
from identity.customers as customer
where customer.id > sqlc.arg(after_id)
    and exists (
        select
        from ordering.orders as placed
        inner join ordering.order_items as line on line.order_id = placed.id
        where placed.customer_id = customer.id
            and placed.confirmed_at is not null
            and line.vendor_id = sqlc.arg(vendor_id)
    )
order by customer.id
limit sqlc.arg(row_limit);

-- name: FindVendorCustomers :many
-- ListVendorCustomers and FindCustomers in one.
with found as materialized (
    select id
    from identity.customers_like(sqlc.arg(prefix)::text, sqlc.arg(prefix_end)::text) as found (id)
)

select customer.*
from found
inner join identity.customers as customer using (id)
where customer.id > sqlc.arg(after_id)
    and exists (
        select
        from ordering.orders as placed
        inner join ordering.order_items as line on line.order_id = placed.id
        where placed.customer_id = customer.id
            and placed.confirmed_at is not null
            and line.vendor_id = sqlc.arg(vendor_id)
    )
order by customer.id
limit sqlc.arg(row_limit);

-- name: UpdateCustomer :one
-- What is null stays as it is; what a clear_ says becomes null.
update identity.customers
set
    first_name = coalesce(sqlc.narg(first_name), first_name),
    last_name = coalesce(sqlc.narg(last_name), last_name),
    phone = case when not sqlc.arg(clear_phone)::boolean then coalesce(sqlc.narg(phone), phone) end,
    birth_date = case when not sqlc.arg(clear_birth_date)::boolean then coalesce(sqlc.narg(birth_date), birth_date) end,
    city = case when not sqlc.arg(clear_city)::boolean then coalesce(sqlc.narg(city), city) end,
    country = case when not sqlc.arg(clear_country)::boolean then coalesce(sqlc.narg(country), country) end,
    updated_at = now()
where id = sqlc.arg(id) and (is_active or not sqlc.arg(only_active)::boolean)
returning *;

-- name: DeactivateCustomer :execrows
update identity.customers
set
    is_active = false,
    updated_at = now()
where id = sqlc.arg(id);

-- name: UserOf :one
select id
from identity.users
where customer_id = sqlc.arg(customer_id);

-- name: SetUserActive :exec
select identity.set_active(sqlc.arg(user_id), sqlc.arg(active));

-- name: RevokeTokensOfUser :exec
update identity.refresh_tokens
set revoked_at = now()
where user_id = sqlc.arg(user_id) and revoked_at is null;

-- name: RevokeAllOf :exec
-- Every session of whoever holds this token, where its own has not ended.
update identity.refresh_tokens as token
set revoked_at = now()
from identity.refresh_tokens as shown
where shown.token_hash = sqlc.arg(token_hash)
    and shown.revoked_at is null
    and shown.expires_at > now()
    and token.user_id = shown.user_id
    and token.revoked_at is null;

-- name: SetPassword :execrows
-- Only over the password that was seen: of two changes at once one is refused.
update identity.users
set password_hash = sqlc.arg(password_hash)
where id = sqlc.arg(id) and password_hash = sqlc.arg(instead_of);

-- name: PersonOf :one
-- Who signs in, as far as a password must not be made of it.
select
    account.email,
    account.password_hash,
    account.is_active,
    coalesce(customer.first_name, '')::text as first_name,
    coalesce(customer.last_name, '')::text as last_name
from identity.users as account
left join identity.customers as customer on customer.id = account.customer_id
where account.id = sqlc.arg(id);

-- name: ListUsers :many
-- prefix is the beginning of the e-mail address in lower case; all that begins with it sorts
-- before prefix_end. An empty role is any.
select
    account.id,
    account.email,
    coalesce(account.customer_id, 0)::bigint as customer_id,
    account.is_active,
    account.created_at,
    coalesce(max(granted.vendor_id), 0)::bigint as vendor_id,
    coalesce(
        array_agg(granted.role order by granted.role) filter (where granted.role is not null), '{}'
    )::text [] as roles
from identity.users as account
left join identity.user_roles as granted on granted.user_id = account.id
where account.id > sqlc.arg(after_id)
    and lower(account.email) ~>=~ sqlc.arg(prefix)::text
    and lower(account.email) ~<~ sqlc.arg(prefix_end)::text
    and (sqlc.arg(role)::text = '' or exists (
        select from identity.user_roles as asked
        where asked.user_id = account.id and asked.role = sqlc.arg(role)
    ))
group by account.id
order by account.id
limit sqlc.arg(row_limit);

-- name: GetUser :one
select
    account.id,
    account.email,
    coalesce(account.customer_id, 0)::bigint as customer_id,
    account.is_active,
    account.created_at,
    coalesce(max(granted.vendor_id), 0)::bigint as vendor_id,
    coalesce(
        array_agg(granted.role order by granted.role) filter (where granted.role is not null), '{}'
    )::text [] as roles
from identity.users as account
left join identity.user_roles as granted on granted.user_id = account.id
where account.id = sqlc.arg(id)
group by account.id;

-- name: SetRoles :exec
select identity.set_roles(sqlc.arg(user_id), sqlc.arg(roles)::text [], sqlc.narg(vendor_id));

-- name: Attempt :one
-- Seconds to wait; 0 when the attempt counts. Arrays go together.
select identity.attempt(
    sqlc.arg(subjects)::bytea [], sqlc.arg(bursts)::integer [], sqlc.arg(seconds)::integer []
)::bigint as wait;

-- name: AttemptSignIn :one
-- Attempt for an account, or the account as known at the address, and for others beside it.
select identity.attempt(
    array[identity.account_subject(sqlc.arg(account)::bytea, sqlc.arg(address)::bytea)]
    || sqlc.arg(subjects)::bytea [],
    sqlc.arg(bursts)::integer [], sqlc.arg(seconds)::integer []
)::bigint as wait;

-- name: SignedIn :exec
select identity.signed_in(sqlc.arg(account)::bytea, sqlc.arg(address)::bytea);
