-- name: AddWebhookEndpoint :exec
select
    ordering.add_webhook_endpoint(
        @id, sqlc.narg(vendor_id)::bigint, @url, @description, @event_types::text[], @secret
    );

-- name: WebhookEndpoint :one
-- vendor_id null: whoever's.
select *
from ordering.webhook_endpoints
where id = @id
    and (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id));

-- name: ListWebhookEndpoints :many
-- Newest first by id, which is a UUIDv7.
select *
from ordering.webhook_endpoints
where (sqlc.narg(vendor_id)::bigint is null or vendor_id = sqlc.narg(vendor_id))
    and (sqlc.narg(before)::uuid is null or id < sqlc.narg(before))
order by id desc
limit @page;

-- name: ChangeWebhookEndpoint :one
-- What is null stays. One that is switched on again has not failed yet.
update ordering.webhook_endpoints
set
    url = coalesce(sqlc.narg(url), url),
    description = coalesce(sqlc.narg(description), description),
    event_types = coalesce(sqlc.narg(event_types)::text[], event_types),
    is_active = coalesce(sqlc.narg(is_active), is_active),
    disabled_reason = case
        when coalesce(sqlc.narg(is_active), is_active) then null
        else coalesce(disabled_reason, 'by_owner')
    end,
    failing_since = case when sqlc.narg(is_active)::boolean then null else failing_since end,
    updated_at = now()
where id = @id
returning *;

-- name: RotateWebhookSecret :exec
-- The secret before signs as well for a day, so that a receiver can change over.
update ordering.webhook_endpoints
set
    previous_secret = secret,
    previous_secret_until = now() + interval '1 day',
    secret = @secret,
    updated_at = now()
where id = @id;

-- name: DeleteWebhookEndpoint :exec
delete from ordering.webhook_endpoints where id = @id;

-- name: CancelWebhookDeliveries :exec
update ordering.webhook_deliveries
set status = 'cancelled'
where endpoint_id = @endpoint_id and status = 'pending';

-- name: CancelWebhooksOfInactive :exec
-- Of an endpoint that was switched off while something was written down to be told.
update ordering.webhook_deliveries as delivery
set status = 'cancelled'
from ordering.webhook_endpoints as endpoint
where endpoint.id = @endpoint_id
    and not endpoint.is_active
    and delivery.endpoint_id = endpoint.id
    and delivery.status = 'pending';

-- name: ListWebhookDeliveries :many
-- Newest first by event.
select *
from ordering.webhook_deliveries
where endpoint_id = @endpoint_id
    and (sqlc.narg(before)::bigint is null or event_id < sqlc.narg(before))
    and (sqlc.narg(status)::text is null or status = sqlc.narg(status))
order by event_id desc
limit @page;

-- name: WebhookDelivery :one
select * from ordering.webhook_deliveries where id = @id;

-- name: WebhookAttempts :many
-- Those that are kept of the first so many, newest first.
select *
from ordering.webhook_attempts
where delivery_id = @delivery_id and attempt <= @up_to::integer
order by attempt desc;

-- name: WebhookIsNext :one
-- Whether a delivery is the one that its endpoint is told of next, among those of its order.
select (
    delivery.status = 'pending'
    and not exists (
        select
        from ordering.webhook_deliveries as earlier
        where earlier.endpoint_id = delivery.endpoint_id
            and earlier.order_id = delivery.order_id
            and earlier.status = 'pending'
            and earlier.event_id < delivery.event_id
    )
)::boolean as is_next
from ordering.webhook_deliveries as delivery
where delivery.id = @id;

-- name: ForgetWebhookAttempts :execrows
delete from ordering.webhook_attempts
where (delivery_id, attempt) in (
    select old.delivery_id, old.attempt
    from ordering.webhook_attempts as old
    where old.began_at < now() - make_interval(secs => @older_than_seconds::float8)
    order by old.began_at
    limit @most
);

-- name: RedeliverWebhook :one
update ordering.webhook_deliveries
set
    status = 'pending',
    delivered_at = null
where id = @id
returning *;

-- name: EnqueueWebhooks :one
-- Writes down what is to be told of the events of transactions that ended after a snapshot, once
-- for each endpoint and event, and gives the endpoints and orders that have something to be told.
-- See ConfirmedSince for what is read.
with fresh as (
    select event.id, event.order_id, event.type, endpoint.id as endpoint_id
    from ordering.order_events as event
    inner join ordering.webhook_endpoints as endpoint
        on endpoint.is_active and ordering.webhook_wants(endpoint, event)
    where event.xid >= pg_snapshot_xmax(sqlc.arg(since)::text::pg_snapshot)
        or event.xid = any(ordering.running_in(sqlc.arg(since)::text))
),

written as (
    insert into ordering.webhook_deliveries (endpoint_id, event_id, order_id, event_type)
    select endpoint_id, id, order_id, type
    from fresh
    order by id
    on conflict (endpoint_id, event_id) do nothing
)

select
    pg_current_snapshot()::text as snapshot,
    array(
        select distinct endpoint_id || '/' || order_id from fresh
    )::text[] as told;

-- name: PendingWebhooks :many
-- What nobody tries to send: never tried, or not for longer than any pause between attempts. Whoever
-- should have asked for it died, or its workflow was ended by force.
select first.endpoint_id, first.order_id
from (
    select distinct on (endpoint_id, order_id)
        endpoint_id, order_id, created_at, last_attempt_at
    from ordering.webhook_deliveries
    where status = 'pending'
    order by endpoint_id, order_id, event_id
) as first
where case
    when first.last_attempt_at is null
        then first.created_at < now() - make_interval(secs => @new_older_than_seconds::float8)
    else first.last_attempt_at < now() - make_interval(secs => @older_than_seconds::float8)
end
limit @most;

-- name: NextWebhook :one
-- The first event of an order that an endpoint has not been told of.
select
    delivery.id,
    delivery.event_id,
    delivery.attempts,
    endpoint.url,
    endpoint.secret,
    coalesce(
        case when endpoint.previous_secret_until > now() then endpoint.previous_secret end, ''
    )::text as previous_secret,
    ordering.webhook_payload(delivery.id)::jsonb as payload
from ordering.webhook_deliveries as delivery
inner join ordering.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
where delivery.endpoint_id = @endpoint_id
    and delivery.order_id = @order_id
    and delivery.status = 'pending'
    and endpoint.is_active
order by delivery.event_id
limit 1;

-- name: WebhookDelivered :exec
-- milliseconds is how long the attempt took; of a delivery the last so many attempts are kept.
with delivered as (
    update ordering.webhook_deliveries
    set
        status = 'delivered',
        attempts = attempts + 1,
        response_status = @response_status::integer,
        error = null,
        last_attempt_at = now(),
        delivered_at = now()
    where webhook_deliveries.id = @id
    returning id, endpoint_id, attempts
),

noted as (
    insert into ordering.webhook_attempts (delivery_id, attempt, began_at, milliseconds, response_status)
    select
        id, attempts, clock_timestamp() - make_interval(secs => sqlc.arg(milliseconds)::integer / 1e3),
        sqlc.arg(milliseconds)::integer, @response_status::integer
    from delivered
),

forgotten as (
    delete from ordering.webhook_attempts
    using delivered
    where webhook_attempts.delivery_id = delivered.id
        and webhook_attempts.attempt <= delivered.attempts - @keep::integer
)

update ordering.webhook_endpoints
set failing_since = null
from delivered
where webhook_endpoints.id = delivered.endpoint_id and failing_since is not null;

-- name: WebhookFailed :one
-- An endpoint that has failed for too long is switched off. It returns whether it still is on. The attempt
-- is kept as by WebhookDelivered.
with failed as (
    update ordering.webhook_deliveries
    set
        attempts = attempts + 1,
        response_status = sqlc.narg(response_status),
        error = @error::text,
        last_attempt_at = now()
    where webhook_deliveries.id = @id
    returning id, endpoint_id, attempts
),

noted as (
    insert into ordering.webhook_attempts (
        delivery_id, attempt, began_at, milliseconds, response_status, error
    )
    select
        id, attempts, clock_timestamp() - make_interval(secs => sqlc.arg(milliseconds)::integer / 1e3),
        sqlc.arg(milliseconds)::integer, sqlc.narg(response_status), @error::text
    from failed
),

forgotten as (
    delete from ordering.webhook_attempts
    using failed
    where webhook_attempts.delivery_id = failed.id
        and webhook_attempts.attempt <= failed.attempts - @keep::integer
)

update ordering.webhook_endpoints as endpoint
set
    failing_since = coalesce(endpoint.failing_since, now()),
    is_active = endpoint.is_active and (
        endpoint.failing_since is null
        or endpoint.failing_since > now() - make_interval(secs => @disable_after_seconds::float8)
    ),
    disabled_reason = case
        when
            endpoint.is_active
            and endpoint.failing_since <= now() - make_interval(secs => @disable_after_seconds::float8)
            then 'failing'
        else endpoint.disabled_reason
    end
from failed
where endpoint.id = failed.endpoint_id
returning endpoint.is_active;

-- name: GiveUpWebhook :exec
-- Ends the delivery that an order's others wait for.
update ordering.webhook_deliveries
set status = 'failed'
where webhook_deliveries.id = (
    select first.id
    from ordering.webhook_deliveries as first
    where first.endpoint_id = @endpoint_id and first.order_id = @order_id and first.status = 'pending'
    order by first.event_id
    limit 1
);
