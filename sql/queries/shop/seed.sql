-- Demo data goes in by COPY, with explicit ids: a row is the same in every database it is
-- seeded into. COPY writes the value given even where an identity is "generated always".

-- name: LockSeeding :exec
select pg_advisory_xact_lock(1835365985, 0);

-- name: ShopContents :one
select
    (select count(*) from identity.customers) as customers,
    (select count(*) from catalog.vendors) as vendors,
    (select count(*) from catalog.products) as products,
    (select count(*) from ordering.orders) as orders;

-- name: SeedCustomers :copyfrom
insert into identity.customers (
    id, first_name, last_name, email, phone, birth_date, city, country, joined_at, is_active, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: SeedUser :one
insert into identity.users (email, password_hash, customer_id, created_at)
values (@email, @password_hash, sqlc.narg(customer_id), @created_at)
returning id;

-- name: SeedUserRole :exec
insert into identity.user_roles (user_id, role, vendor_id, granted_at)
values (@user_id, @role, sqlc.narg(vendor_id), @granted_at);

-- name: SeedVendors :copyfrom
insert into catalog.vendors (id, vendor_name, region, joined_at, updated_at)
values ($1, $2, $3, $4, $5);

-- name: SeedCategories :copyfrom
insert into catalog.categories (id, name, parent_id, description, updated_at)
values ($1, $2, $3, $4, $5);

-- name: SeedProducts :copyfrom
insert into catalog.products (
    id, vendor_id, item_name, description, category_id, brand, model, price, cost, currency,
    weight_kg, dimensions, launch_date, attributes, is_active, created_at, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: SeedStock :copyfrom
insert into catalog.stock (product_id, on_hand, reserved, updated_at)
values ($1, $2, $3, $4);

-- name: SeedStockLedger :copyfrom
insert into catalog.stock_ledger (
    id, product_id, kind, on_hand_delta, reserved_delta, reason, reference_type, reference_id,
    occurred_at, recorded_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: SeedReviews :copyfrom
insert into catalog.reviews (
    id, product_id, customer_id, order_id, rating, title, comment, review_date,
    is_verified_purchase, helpful_votes, total_votes, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: SeedCarts :copyfrom
insert into ordering.carts (id, customer_id, status, currency, created_at, updated_at, checked_out_at)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: SeedCartItems :copyfrom
insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price, added_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: SeedOrders :copyfrom
insert into ordering.orders (
    id, customer_id, cart_id, channel, order_date, status, payment_method, payment_status,
    subtotal, tax_amount, shipping_cost, discount_amount, total_amount, currency, discount_code,
    shipping_address, estimated_delivery, actual_delivery, cancel_reason, notes, confirmed_at,
    shipped_at, created_at, updated_at
) values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23, $24
);

-- name: SeedOrderItems :copyfrom
insert into ordering.order_items (
    id, order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, discount_percent,
    discount_amount, total_price, reserved_qty, committed_qty, returned_qty, created_at, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: SeedOrderEvents :copyfrom
insert into ordering.order_events (id, order_id, type, data, occurred_at)
values ($1, $2, $3, $4, $5);

-- name: SeedPayments :copyfrom
insert into ordering.payments (
    id, order_id, provider, method, provider_reference, status, amount, authorized_amount,
    captured_amount, refunded_amount, currency, created_at, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: SeedPaymentAttempts :copyfrom
insert into ordering.payment_attempts (
    id, payment_id, operation, idempotency_key, amount, currency, outcome, decline_code,
    provider_reference, occurred_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: SeedShipments :copyfrom
insert into ordering.shipments (
    id, order_id, vendor_id, status, carrier, tracking_number, amount, currency, packed_at,
    shipped_at, delivered_at, created_at, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: SeedShipmentItems :copyfrom
insert into ordering.shipment_items (shipment_id, order_item_id, qty)
values ($1, $2, $3);

-- name: SeedRefunds :copyfrom
insert into ordering.refunds (
    id, order_id, reason, amount, currency, status, created_at, completed_at, updated_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: SeedRefundItems :copyfrom
insert into ordering.refund_items (refund_id, order_item_id, qty, amount, restocked)
values ($1, $2, $3, $4, $5);

-- COPY leaves the identity sequences where they were: the next id must be a new one.
-- name: AdvanceSequences :exec
select
    setval(pg_get_serial_sequence('identity.customers', 'id'), (select max(id) from identity.customers)),
    setval(pg_get_serial_sequence('catalog.vendors', 'id'), (select max(id) from catalog.vendors)),
    setval(pg_get_serial_sequence('catalog.categories', 'id'), (select max(id) from catalog.categories)),
    setval(pg_get_serial_sequence('catalog.products', 'id'), (select max(id) from catalog.products)),
    setval(pg_get_serial_sequence('catalog.reviews', 'id'), (select max(id) from catalog.reviews)),
    setval(pg_get_serial_sequence('catalog.stock_ledger', 'id'), (select max(id) from catalog.stock_ledger)),
    setval(pg_get_serial_sequence('ordering.order_items', 'id'), (select max(id) from ordering.order_items)),
    setval(pg_get_serial_sequence('ordering.order_events', 'id'), (select max(id) from ordering.order_events)),
    setval(pg_get_serial_sequence('ordering.payment_attempts', 'id'), (select max(id) from ordering.payment_attempts));
