-- $1 is the first day after the history.
select 'ledger' as what from catalog.stock_ledger where greatest(occurred_at, recorded_at) >= $1
union all
select 'order' from ordering.orders where greatest(order_date, updated_at, shipped_at, actual_delivery) >= $1
union all
select 'event' from ordering.order_events where occurred_at >= $1
union all
select 'attempt' from ordering.payment_attempts where occurred_at >= $1
union all
select 'shipment' from ordering.shipments where greatest(updated_at, delivered_at) >= $1
union all
select 'refund' from ordering.refunds where completed_at >= $1
union all
select 'review' from catalog.reviews where review_date >= $1
union all
select 'cart' from ordering.carts where updated_at >= $1
union all
select 'customer' from identity.customers where joined_at >= $1
union all
select 'product' from catalog.products where greatest(created_at, updated_at) >= $1
