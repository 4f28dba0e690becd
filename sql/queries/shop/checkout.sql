-- name: PlaceOrder :one
-- item_ids null: what is in the cart.
select
    ordering.place_order(
        p_scope => @scope, p_operation => @operation, p_key => @key,
        p_request_hash => @request_hash, p_order_id => @order_id, p_payment_id => @payment_id,
        p_customer_id => @customer_id, p_channel => @channel,
        p_item_ids => sqlc.narg(item_ids)::bigint[],
        p_quantities => sqlc.narg(quantities)::bigint[],
        p_vendor_id => sqlc.narg(vendor_id)::bigint,
        p_provider => @provider, p_method => @method, p_token => sqlc.narg(token)::text,
        p_shipping_address => @shipping_address,
        p_discount_code => sqlc.narg(discount_code)::text, p_notes => @notes,
        p_accept_price_changes => @accept_price_changes
    )::jsonb as earlier;

-- name: ReserveOrder :one
select ordering.reserve_order(@order_id)::jsonb as reservation;

-- name: ConfirmOrder :one
select ordering.confirm_order(@order_id)::jsonb as sale;

-- name: CancelOrder :one
select
    ordering.cancel_order(
        @order_id, @reason, @payment_status, now() + make_interval(secs => @hold_seconds::float8),
        @answer_status, @answer
    )::boolean as sold;

-- name: CheckoutAnswer :one
-- What the request that placed the order is answered; no status while it is under way.
select response_status, response
from ordering.idempotency_keys
where order_id = @order_id;

-- name: OrdersToCheckOut :many
-- Orders after one that a checkout should be working on: those pending, and those cancelled whose
-- payment is not settled. Whoever placed one may have died before it started the checkout, and the
-- checkout may have been ended by force. Those that wait for a transfer are looked at less often:
-- see TransfersToSettle.
with unfinished as (
    select orders.id, orders.updated_at
    from ordering.orders
    where orders.status = 'pending'
        and not exists (
            select 1
            from ordering.payments as payment
            inner join ordering.bank_transfers as transfer on transfer.payment_id = payment.id
            where payment.order_id = orders.id and transfer.awaited_until is not null
        )

    union all

    select orders.id, orders.updated_at
    from ordering.payments as payment
    inner join ordering.orders on orders.id = payment.order_id
    where payment.status in ('pending', 'authorized') and orders.status = 'cancelled'
)

select unfinished.id
from unfinished
where unfinished.id > @after::uuid
    and unfinished.updated_at < now() - make_interval(secs => @older_than_seconds::float8)
    and not exists (
        select 1
        from ordering.payments as imported
        where imported.order_id = unfinished.id and imported.provider = 'history'
    )
order by unfinished.id
limit @most;

-- name: OrdersToFulfil :many
-- Orders after one that a fulfilment should be working on.
select orders.id
from ordering.orders
inner join ordering.payments as payment on payment.order_id = orders.id
where orders.id > @after
    and payment.provider <> 'history'
    and orders.status in ('confirmed', 'shipped')
    and orders.confirmed_at < now() - make_interval(secs => @older_than_seconds::float8)
order by orders.id
limit @most;
