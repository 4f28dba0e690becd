-- name: PlaceOrder :one
select
    ordering.place_order(
        @customer_id, @key, @request_hash, @order_id, @payment_id, @provider, @method, @token,
        @shipping_address, @accept_price_changes
    )::jsonb as earlier;

-- name: ReserveOrder :exec
select ordering.reserve_order(@order_id);

-- name: ConfirmOrder :exec
select ordering.confirm_order(@order_id);

-- name: CancelOrder :exec
select
    ordering.cancel_order(
        @order_id, @reason, @payment_status, now() + make_interval(secs => @hold_seconds::float8),
        @answer_status, @answer
    );

-- name: CheckoutAnswer :one
-- What the request that placed the order is answered; no status while it is under way.
select response_status, response
from ordering.idempotency_keys
where order_id = @order_id;

-- name: OrdersWithoutCheckout :many
-- Orders placed a while ago and still pending: whoever placed one may have died before it
-- started the checkout.
select id
from ordering.orders
where status = 'pending' and created_at < now() - make_interval(secs => @older_than_seconds::float8)
order by id
limit @most;
