-- +goose Up
create schema ordering;

-- Marks a row with the transaction that last wrote it, so that a reader of changes can ask
-- "what became visible between two snapshots" instead of trusting a clock. An erasure takes away what
-- such readers have to forget as well: to them it is no change.
-- +goose StatementBegin
create function ordering.touch() returns trigger
language plpgsql as $$
begin
    if current_setting('mercado.erasing', true) = 'on' then
        return new;
    end if;
    new.xid := pg_current_xact_id();
    new.updated_at := now();
    return new;
end
$$;
-- +goose StatementEnd

create table ordering.carts (
    id uuid primary key,
    customer_id bigint not null,
    status text not null default 'open' check (status in ('open', 'checked_out', 'abandoned')),
    currency char(3) not null default 'EUR',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    checked_out_at timestamptz,
    xid xid8 not null default pg_current_xact_id(),
    check ((status = 'checked_out') = (checked_out_at is not null))
);
create unique index carts_one_open_per_customer on ordering.carts (customer_id) where status = 'open';
create index carts_created_idx on ordering.carts (created_at);
create trigger carts_touch before update on ordering.carts
for each row execute function ordering.touch();

-- unit_price is the catalogue's price when the item was last put in; checkout compares it.
create table ordering.cart_items (
    cart_id uuid not null references ordering.carts (id) on delete cascade,
    item_id bigint not null,
    vendor_id bigint not null,
    qty bigint not null check (qty between 1 and 10000),
    unit_price numeric(18, 2) not null check (unit_price >= 0),
    added_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (cart_id, item_id)
);

-- The one table of transitions: what each thing may go from and to, and nothing else. A test
-- compares it with order.Transitions in Go; a trigger on each thing's table refuses the rest.
create table ordering.transitions (
    thing text not null check (thing in ('order', 'shipment', 'payment', 'return', 'refund')),
    from_status text not null,
    to_status text not null,
    primary key (thing, from_status, to_status)
);
insert into ordering.transitions (thing, from_status, to_status) values
('order', 'pending', 'confirmed'),
('order', 'pending', 'cancelled'),
('order', 'confirmed', 'shipped'),
('order', 'confirmed', 'cancelled'),
('order', 'shipped', 'delivered'),
('order', 'shipped', 'cancelled'), -- nothing of it arrived
('order', 'delivered', 'returned'),
('shipment', 'pending', 'packed'),
('shipment', 'pending', 'cancelled'),
('shipment', 'packed', 'released'),
('shipment', 'packed', 'cancelled'),
('shipment', 'released', 'shipped'),
('shipment', 'released', 'cancelled'), -- its capture was refused
('shipment', 'shipped', 'delivered'),
('shipment', 'shipped', 'lost'),
('shipment', 'shipped', 'returned_to_sender'),
('payment', 'pending', 'authorized'),
('payment', 'pending', 'completed'),
('payment', 'pending', 'failed'),
('payment', 'pending', 'voided'),
('payment', 'pending', 'partially_refunded'), -- the first of several parcels paid at the door
('payment', 'pending', 'refunded'),
('payment', 'authorized', 'completed'),
('payment', 'authorized', 'failed'),
('payment', 'authorized', 'voided'),
('payment', 'authorized', 'partially_refunded'),
('payment', 'authorized', 'refunded'),
('payment', 'completed', 'partially_refunded'),
('payment', 'completed', 'refunded'),
('payment', 'partially_refunded', 'refunded'),
('payment', 'partially_refunded', 'completed'), -- a refund has failed after all
('payment', 'partially_refunded', 'authorized'),
('payment', 'refunded', 'completed'),
('payment', 'refunded', 'partially_refunded'),
('payment', 'voided', 'authorized'), -- late: it is voided anew
('payment', 'voided', 'completed'), -- the rest was let go after a capture whose answer was lost
('return', 'requested', 'received'),
('return', 'requested', 'rejected'),
('refund', 'pending', 'completed'),
('refund', 'pending', 'failed'),
('refund', 'completed', 'failed'); -- the provider has said so later

-- The argument is what the table's rows are in ordering.transitions.
-- +goose StatementBegin
create function ordering.check_transition() returns trigger
language plpgsql as $$
begin
    if not exists (
        select 1
        from ordering.transitions
        where thing = tg_argv[0] and from_status = old.status and to_status = new.status
    ) then
        raise exception '% % may not go from % to %', tg_argv[0], old.id, old.status, new.status
            using errcode = 'check_violation', constraint = tg_name;
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- The day a row belongs to is where readers of history look for it, and where the warehouse has
-- it: it does not change.
-- +goose StatementBegin
create function ordering.refuse_new_day() returns trigger
language plpgsql as $$
begin
    raise exception 'the day of a row of % does not change', tg_table_name
        using errcode = 'check_violation', constraint = tg_table_name || '_day';
end
$$;
-- +goose StatementEnd

create table ordering.orders (
    id uuid primary key,
    customer_id bigint not null,
    cart_id uuid,
    channel text not null default 'web' check (channel in ('web', 'api', 'counter', 'phone')),
    order_date timestamptz not null default now(),
    status text not null default 'pending' check (
        status in ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled', 'returned')
    ),
    payment_method text not null check (
        payment_method in ('card', 'wallet', 'cash_on_delivery', 'bank_transfer', 'cash')
    ),
    payment_status text not null default 'pending' check (
        payment_status in (
            'pending', 'authorized', 'completed', 'failed', 'partially_refunded', 'refunded'
        )
    ),
    subtotal numeric(18, 2) not null check (subtotal >= 0),
    tax_amount numeric(18, 2) not null default 0 check (tax_amount >= 0),
    shipping_cost numeric(18, 2) not null default 0 check (shipping_cost >= 0),
    discount_amount numeric(18, 2) not null default 0 check (discount_amount >= 0),
    total_amount numeric(18, 2) not null check (total_amount >= 0),
    currency char(3) not null default 'EUR',
    discount_code text,
    shipping_address jsonb not null default '{}',
    estimated_delivery timestamptz,
    actual_delivery timestamptz,
    cancel_reason text,
    notes text not null default '',
    confirmed_at timestamptz,
    shipped_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    check (total_amount = subtotal - discount_amount + tax_amount + shipping_cost),
    check ((status = 'cancelled') = (cancel_reason is not null))
);
-- One order is being checked out of a cart at a time. It comes before the index of unfinished orders:
-- where Postgres expects one row of either, it takes the older, and this one has no others to read.
create unique index orders_one_pending_per_cart on ordering.orders (cart_id) where status = 'pending';
create index orders_customer_idx on ordering.orders (customer_id, id desc);
create index orders_date_idx on ordering.orders (order_date);
create index orders_unfinished_idx on ordering.orders (status, id)
where status in ('pending', 'confirmed', 'shipped');
create trigger orders_touch before update on ordering.orders
for each row execute function ordering.touch();
create trigger orders_day before update of order_date, created_at on ordering.orders
for each row when ((new.order_date, new.created_at) is distinct from (old.order_date, old.created_at))
execute function ordering.refuse_new_day();

create trigger orders_transition before update of status on ordering.orders
for each row when (old.status is distinct from new.status)
execute function ordering.check_transition('order');

-- discount_amount is this line's share of the order's discount, to the cent;
-- total_price = qty × unit_price − discount_amount is what revenue sums.
-- Of qty, *_qty say where the units are: reserved (not yet sold), committed (sold, off the
-- shelf), returned (back on the shelf). A released line has none of them.
create table ordering.order_items (
    id bigint generated by default as identity primary key,
    order_id uuid not null references ordering.orders (id),
    line_no integer not null check (line_no > 0),
    item_id bigint not null,
    vendor_id bigint not null,
    qty bigint not null check (qty > 0),
    unit_price numeric(18, 2) not null check (unit_price >= 0),
    unit_cost numeric(18, 2) not null check (unit_cost >= 0),
    discount_percent numeric(7, 4) not null default 0 check (discount_percent between 0 and 100),
    discount_amount numeric(18, 2) not null default 0 check (discount_amount >= 0),
    total_price numeric(18, 2) not null check (total_price >= 0),
    reserved_qty bigint not null default 0 check (reserved_qty in (0, qty)),
    committed_qty bigint not null default 0 check (committed_qty between 0 and qty),
    returned_qty bigint not null default 0 check (returned_qty between 0 and committed_qty),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    unique (order_id, line_no),
    check (total_price = qty * unit_price - discount_amount),
    check (reserved_qty = 0 or committed_qty = 0)
);
create index order_items_item_idx on ordering.order_items (item_id, order_id);
create index order_items_vendor_idx on ordering.order_items (vendor_id, order_id);
create trigger order_items_touch before update on ordering.order_items
for each row execute function ordering.touch();
create trigger order_items_day before update of order_id, created_at on ordering.order_items
for each row when ((new.order_id, new.created_at) is distinct from (old.order_id, old.created_at))
execute function ordering.refuse_new_day();

-- Written in the transaction of the change it tells of; read in commit order by way of xid.
create table ordering.order_events (
    id bigint generated always as identity primary key,
    order_id uuid not null references ordering.orders (id),
    type text not null,
    data jsonb not null default '{}',
    occurred_at timestamptz not null default clock_timestamp(),
    xid xid8 not null default pg_current_xact_id()
);
create index order_events_order_idx on ordering.order_events (order_id, id);
create index order_events_occurred_idx on ordering.order_events (occurred_at);
create trigger order_events_append_only before update or delete or truncate on ordering.order_events
for each statement execute function catalog.refuse_change();

-- One row per order: what was asked of the provider and where that stands.
-- token is the provider's one-time token for the method, never card data; it is cleared once
-- the outcome of the authorisation is known.
create table ordering.payments (
    id uuid primary key,
    order_id uuid not null unique references ordering.orders (id),
    provider text not null,
    method text not null,
    token text,
    provider_reference text,
    status text not null default 'pending' check (
        status in (
            'pending', 'authorized', 'completed', 'failed', 'voided', 'partially_refunded', 'refunded'
        )
    ),
    amount numeric(18, 2) not null check (amount >= 0),
    authorized_amount numeric(18, 2) not null default 0 check (authorized_amount between 0 and amount),
    captured_amount numeric(18, 2) not null default 0,
    refunded_amount numeric(18, 2) not null default 0,
    currency char(3) not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    check (captured_amount between 0 and amount),
    check (refunded_amount between 0 and captured_amount)
);
create index payments_created_idx on ordering.payments (created_at);
create trigger payments_touch before update on ordering.payments
for each row execute function ordering.touch();

-- What a payment by bank transfer has beside others. Money that arrives is the order's only once
-- the order is confirmed, by the capture that is written then; whatever else has arrived goes back.
-- awaited_until is null before the customer was told where to send it.
create table ordering.bank_transfers (
    payment_id uuid primary key references ordering.payments (id),
    instructions jsonb,
    awaited_until timestamptz,
    received_amount numeric(18, 2) not null default 0 check (received_amount >= 0),
    sent_back_amount numeric(18, 2) not null default 0,
    check (sent_back_amount between 0 and received_amount)
);

-- The ledger of everything asked of the provider: a row when asked, a row when answered.
create table ordering.payment_attempts (
    id bigint generated always as identity primary key,
    payment_id uuid not null references ordering.payments (id),
    operation text not null check (
        operation in (
            'authorize', 'capture', 'void', 'refund', 'refund_reversal', 'lookup', 'instruct', 'receive',
            'send_back'
        )
    ),
    idempotency_key text not null,
    amount numeric(18, 2) not null check (amount >= 0),
    currency char(3) not null,
    outcome text not null check (outcome in ('asked', 'approved', 'declined', 'unknown', 'failed')),
    decline_code text,
    provider_reference text,
    occurred_at timestamptz not null default clock_timestamp(),
    xid xid8 not null default pg_current_xact_id()
);
create index payment_attempts_payment_idx on ordering.payment_attempts (payment_id, id);
-- Rows are only ever added, in the order of time: a few pages find those of a day.
create index payment_attempts_occurred_idx on ordering.payment_attempts using brin (occurred_at);
create trigger payment_attempts_append_only
before update or delete or truncate on ordering.payment_attempts
for each statement execute function catalog.refuse_change();

-- scope is who sent the key (a customer's id), so that two people may use the same key.
-- response is the first answer, given again to whoever repeats the request. order_id is the id of what the
-- request makes: an order, a refund or a return. A move of stock and a product have a number instead, which
-- is in the response.
create table ordering.idempotency_keys (
    scope text not null,
    key text not null check (length(key) between 1 and 255),
    operation text not null,
    request_hash bytea not null,
    order_id uuid not null,
    response_status integer,
    response jsonb,
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    primary key (scope, key),
    check ((completed_at is null) = (response_status is null))
);
create index idempotency_keys_order_idx on ordering.idempotency_keys (order_id);

create table ordering.shipments (
    id uuid primary key,
    order_id uuid not null references ordering.orders (id),
    vendor_id bigint not null,
    status text not null default 'pending' check (
        status in (
            'pending', 'packed', 'released', 'shipped', 'delivered', 'cancelled', 'lost',
            'returned_to_sender'
        )
    ),
    carrier text,
    tracking_number text unique,
    label_url text,
    amount numeric(18, 2) not null check (amount >= 0), -- what is captured when it ships
    currency char(3) not null,
    packed_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    unique (order_id, vendor_id)
);
create index shipments_vendor_idx on ordering.shipments (vendor_id, id);
create trigger shipments_touch before update on ordering.shipments
for each row execute function ordering.touch();

create table ordering.shipment_items (
    shipment_id uuid not null references ordering.shipments (id) on delete cascade,
    order_item_id bigint not null references ordering.order_items (id),
    qty bigint not null check (qty > 0),
    primary key (shipment_id, order_item_id)
);

create table ordering.refunds (
    id uuid primary key,
    order_id uuid not null references ordering.orders (id),
    reason text not null default '',
    amount numeric(18, 2) not null check (amount > 0),
    currency char(3) not null,
    status text not null default 'pending' check (status in ('pending', 'completed', 'failed')),
    created_at timestamptz not null default now(),
    completed_at timestamptz,
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    check ((status = 'completed') = (completed_at is not null))
);
create index refunds_order_idx on ordering.refunds (order_id);
create index refunds_created_idx on ordering.refunds (created_at);
create trigger refunds_touch before update on ordering.refunds
for each row execute function ordering.touch();
create trigger refunds_day before update of created_at on ordering.refunds
for each row when (new.created_at is distinct from old.created_at)
execute function ordering.refuse_new_day();

create table ordering.refund_items (
    refund_id uuid not null references ordering.refunds (id) on delete cascade,
    order_item_id bigint not null references ordering.order_items (id),
    qty bigint not null check (qty > 0),
    amount numeric(18, 2) not null check (amount >= 0),
    restocked boolean not null default false,
    primary key (refund_id, order_item_id)
);

-- Messages from providers and carriers, each taken once.
create table ordering.webhook_receipts (
    source text not null,
    event_id text not null,
    payload jsonb not null,
    received_at timestamptz not null default now(),
    handled_at timestamptz,
    primary key (source, event_id)
);

-- How far a reader of order_events has come. snapshot is the last snapshot it read under;
-- system_id names the database system that snapshot belongs to (a restored one counts anew).
create table ordering.event_readers (
    name text primary key,
    system_id bigint not null,
    snapshot pg_snapshot not null,
    updated_at timestamptz not null default now()
);

-- +goose Down
drop schema ordering cascade;
