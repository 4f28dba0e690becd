-- +goose Up
-- What happens to an order after it was sold: who may stop it and until when, what comes back, and
-- the money that follows. Every decision is taken with the order's row locked, so that a
-- cancellation, a vendor who packs and a workflow that captures never both win.

create trigger shipments_transition before update of status on ordering.shipments
for each row when (old.status is distinct from new.status)
execute function ordering.check_transition('shipment');
create trigger payments_transition before update of status on ordering.payments
for each row when (old.status is distinct from new.status)
execute function ordering.check_transition('payment');
create trigger refunds_transition before update of status on ordering.refunds
for each row when (old.status is distinct from new.status)
execute function ordering.check_transition('refund');

-- Why an order that is being checked out shall be cancelled: its checkout sees to it, and sells it no
-- more.
alter table ordering.orders
add column cancel_request text,
add column cancel_requested_at timestamptz,
add check ((cancel_request is null) = (cancel_requested_at is null)),
add constraint orders_not_sold_against_a_request
check (cancel_request is null or status in ('pending', 'cancelled'));
create index orders_cancel_request_idx on ordering.orders (id)
where cancel_request is not null and status = 'pending';

-- A shipment's amount is its lines' total_price and tax, and shipping_amount. released_at is the
-- point of no return: from then on it is paid for and sent, or its capture was refused.
-- packed_by is vendor or shop: what the shop packs by itself it sends by itself.
alter table ordering.shipments
add column shipping_amount numeric(18, 2) not null default 0 check (shipping_amount >= 0),
add column packed_by text check (packed_by in ('vendor', 'shop')),
add column released_at timestamptz,
add column label_cancelled_at timestamptz,
add column cancelled_at timestamptz,
add column cancel_reason text;
alter table ordering.shipment_items
add column tax_amount numeric(18, 2) not null default 0 check (tax_amount >= 0);
create index shipments_unsettled_idx on ordering.shipments (updated_at)
where status in ('packed', 'released', 'cancelled');

-- Goods on their way back, before anybody has seen them.
create table ordering.returns (
    id uuid primary key,
    order_id uuid not null references ordering.orders (id),
    status text not null default 'requested' check (status in ('requested', 'received', 'rejected')),
    reason text not null default '',
    requested_by text not null check (requested_by in ('customer', 'vendor', 'admin')),
    rejected_because text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    check ((status = 'rejected') = (rejected_because is not null))
);
create index returns_order_idx on ordering.returns (order_id, id);
create trigger returns_touch before update on ordering.returns
for each row execute function ordering.touch();
create trigger returns_transition before update of status on ordering.returns
for each row when (old.status is distinct from new.status)
execute function ordering.check_transition('return');

-- restocked is null until the units were received. vendor_id is the line's.
create table ordering.return_items (
    return_id uuid not null references ordering.returns (id),
    order_item_id bigint not null references ordering.order_items (id),
    vendor_id bigint not null,
    qty bigint not null check (qty > 0),
    received_at timestamptz,
    restocked boolean,
    primary key (return_id, order_item_id),
    check ((received_at is null) = (restocked is null))
);
create index return_items_order_item_idx on ordering.return_items (order_item_id);
create index return_items_vendor_idx on ordering.return_items (vendor_id, return_id);

-- A return as the API shows it. A vendor sees their own lines, and where those stand: what they have
-- received is received, whatever another vendor has to receive yet.
-- +goose StatementBegin
create function ordering.return_document(p_return ordering.returns, p_vendor_id bigint) returns jsonb
language plpgsql stable as $$ -- Postgres would plan a function in sql anew for each call
declare
    document jsonb;
begin
    select
        jsonb_build_object(
            'id', p_return.id, 'order_id', p_return.order_id,
            'status', case
                when p_return.status = 'requested' and count(back.received_at) = count(*) then 'received'
                else p_return.status
            end,
            'reason', p_return.reason, 'rejected_because', p_return.rejected_because,
            'requested_by', p_return.requested_by, 'created_at', p_return.created_at,
            'updated_at', p_return.updated_at,
            'items', jsonb_agg(
                jsonb_build_object(
                    'item_id', item.item_id, 'vendor_id', item.vendor_id, 'qty', back.qty,
                    'received_at', back.received_at, 'restocked', back.restocked
                )
                order by item.line_no
            )
        )
    into document
    from ordering.return_items as back
    inner join ordering.order_items as item on item.id = back.order_item_id
    where back.return_id = p_return.id
        and back.vendor_id = coalesce(p_vendor_id, back.vendor_id);
    return document;
end
$$;
-- +goose StatementEnd

-- retry_of is the refund that failed and that this one is asked for again, once.
-- kind refund: money that was captured is paid back. kind release: what was sold is given up before
-- it was paid for; no money flows. amount = its lines' amount and tax_amount, and shipping_amount.
alter table ordering.refunds
add column kind text not null default 'refund' check (kind in ('refund', 'release')),
add column shipping_amount numeric(18, 2) not null default 0 check (shipping_amount >= 0),
add column shipment_id uuid references ordering.shipments (id),
add column return_id uuid references ordering.returns (id),
add column requested_by text not null default 'shop'
check (requested_by in ('customer', 'vendor', 'admin', 'shop')),
add column failure text,
add column retry_of uuid unique references ordering.refunds (id),
add check ((status = 'failed') = (failure is not null)),
add check (kind = 'refund' or status = 'completed');
create index refunds_unpaid_idx on ordering.refunds (id) where status = 'pending';

-- qty 0: money without units, this line's part of an amount that was given back.
alter table ordering.refund_items
drop constraint refund_items_qty_check,
add check (qty >= 0),
add column tax_amount numeric(18, 2) not null default 0 check (tax_amount >= 0);
create index refund_items_order_item_idx on ordering.refund_items (order_item_id);

-- A refund as the API shows it.
-- +goose StatementBegin
create function ordering.refund_document(p_refund ordering.refunds) returns jsonb
language plpgsql stable as $$
begin
    return jsonb_build_object(
        'id', p_refund.id, 'order_id', p_refund.order_id, 'kind', p_refund.kind,
        'status', p_refund.status, 'reason', p_refund.reason, 'failure', p_refund.failure,
        'amount', p_refund.amount, 'shipping_amount', p_refund.shipping_amount,
        'currency', p_refund.currency, 'requested_by', p_refund.requested_by,
        'shipment_id', p_refund.shipment_id, 'return_id', p_refund.return_id,
        'retry_of', p_refund.retry_of, 'created_at', p_refund.created_at,
        'completed_at', p_refund.completed_at,
        'items', (
            select
                coalesce(
                    jsonb_agg(
                        jsonb_build_object(
                            'item_id', item.item_id, 'qty', back.qty, 'amount', back.amount,
                            'tax_amount', back.tax_amount, 'restocked', back.restocked
                        )
                        order by item.line_no
                    ),
                    '[]'
                )
            from ordering.refund_items as back
            inner join ordering.order_items as item on item.id = back.order_item_id
            where back.refund_id = p_refund.id
        )
    );
end
$$;
-- +goose StatementEnd

-- What was authorised and will not be captured, because it was given up.
alter table ordering.payments
add column released_amount numeric(18, 2) not null default 0,
add check (released_amount between 0 and amount - captured_amount);

-- No more is paid back, or on its way back, than was captured; whoever asks has to wait for whoever
-- asked before.
-- +goose StatementBegin
create function ordering.check_refunds() returns trigger
language plpgsql as $$
declare
    captured numeric;
    refunded numeric;
begin
    select captured_amount into captured
    from ordering.payments
    where order_id = new.order_id
    for no key update;
    select coalesce(sum(amount), 0) into refunded
    from ordering.refunds
    where order_id = new.order_id and kind = 'refund' and status <> 'failed';
    if refunded > coalesce(captured, 0) then
        raise exception 'order %: % would be refunded of % captured', new.order_id, refunded, captured
            using errcode = 'MC020', constraint = 'refunds_captured';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger refunds_captured after insert on ordering.refunds
for each row when (new.kind = 'refund' and new.status <> 'failed')
execute function ordering.check_refunds();

-- Nor more of a line than it cost, nor more units than were bought.
-- +goose StatementBegin
create function ordering.check_refund_items() returns trigger
language plpgsql as $$
begin
    perform 1
    from ordering.order_items as item
    inner join ordering.refunds as refund on refund.id = new.refund_id
    where item.id = new.order_item_id
        and item.order_id = refund.order_id
        and (
            select sum(back.qty) <= item.qty and sum(back.amount) <= item.total_price
            from ordering.refund_items as back
            inner join ordering.refunds as of_it on of_it.id = back.refund_id
            where back.order_item_id = item.id and of_it.status <> 'failed'
        );
    if not found then
        raise exception 'line %: more refunded than was bought', new.order_item_id
            using errcode = 'MC021', constraint = 'refund_items_bought';
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger refund_items_bought after insert on ordering.refund_items
for each row execute function ordering.check_refund_items();

-- Puts units of an order back on the shelf, or, where they are not fit for it, writes them off:
-- they come back and leave as a loss. p_reason is one of the shop's own words: the ledger keeps it for
-- ever, so nothing that somebody wrote about a customer may be in it.
-- +goose StatementBegin
create function ordering.take_back(
    p_order_id uuid, p_order_item_ids bigint[], p_quantities bigint[], p_restock boolean,
    p_reason text
) returns void
language plpgsql as $$
declare
    products bigint[];
    quantities bigint[];
    losses bigint[];
begin
    select array_agg(item.item_id), array_agg(back.qty), array_agg(-back.qty)
    into products, quantities, losses
    from unnest(p_order_item_ids, p_quantities) as back (order_item_id, qty)
    inner join ordering.order_items as item
        on item.id = back.order_item_id and item.order_id = p_order_id;
    if products is null then
        return;
    end if;
    perform catalog.move_stock('return', products, quantities, 'order', p_order_id::text, p_reason);
    if not p_restock then
        perform catalog.move_stock(
            'adjustment', products, losses, 'inventory', p_order_id::text, 'written off: ' || p_reason
        );
    end if;
    update ordering.order_items as item
    set returned_qty = item.returned_qty + back.qty
    from unnest(p_order_item_ids, p_quantities) as back (order_item_id, qty)
    where item.id = back.order_item_id and item.order_id = p_order_id;
end
$$;
-- +goose StatementEnd

-- An order is returned when everything of it that arrived has come back.
-- +goose StatementBegin
create function ordering.follow_returns(p_order_id uuid) returns text
language plpgsql as $$
declare
    still_out bigint;
    now_at text;
begin
    select sum(item.qty - item.returned_qty) into still_out
    from ordering.shipments as shipment
    inner join ordering.shipment_items as sent on sent.shipment_id = shipment.id
    inner join ordering.order_items as item on item.id = sent.order_item_id
    where shipment.order_id = p_order_id and shipment.status = 'delivered';
    select status into now_at from ordering.orders where id = p_order_id;
    if now_at = 'delivered' and still_out = 0 then
        update ordering.orders set status = 'returned' where id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.returned');
        now_at := 'returned';
    end if;
    return now_at;
end
$$;
-- +goose StatementEnd

-- Ends a refund whose money is on its way. One that has failed at the provider while it was asked fails.
-- +goose StatementBegin
create function ordering.complete_refund(p_refund_id uuid) returns void
language plpgsql as $$
declare
    refund ordering.refunds;
    refused text;
begin
    select * into refund from ordering.refunds where id = p_refund_id;
    perform 1 from ordering.orders where id = refund.order_id for no key update;
    select decline_code into refused
    from ordering.payment_attempts
    where payment_id = (select id from ordering.payments where order_id = refund.order_id)
        and operation = 'refund'
        and idempotency_key = 'refund/' || p_refund_id
        and outcome = 'declined';
    if found then
        perform ordering.fail_refund(p_refund_id, refused);
        return;
    end if;
    update ordering.refunds
    set
        status = 'completed',
        completed_at = now()
    where id = p_refund_id and status = 'pending';
    if found then
        insert into ordering.order_events (order_id, type, data)
        values (
            refund.order_id, 'refund.completed',
            jsonb_build_object('refund_id', p_refund_id, 'amount', refund.amount)
        );
    end if;
end
$$;
-- +goose StatementEnd

-- Ends a refund that the provider refuses: it stays on record with the provider's reason, and what
-- it would have given back can be asked for again.
-- +goose StatementBegin
create function ordering.fail_refund(p_refund_id uuid, p_failure text) returns void
language plpgsql as $$
declare
    refund ordering.refunds;
begin
    select * into refund from ordering.refunds where id = p_refund_id;
    perform 1 from ordering.orders where id = refund.order_id for no key update;
    update ordering.refunds
    set
        status = 'failed',
        failure = p_failure
    where id = p_refund_id and status = 'pending';
    if found then
        insert into ordering.order_events (order_id, type, data)
        values (
            refund.order_id, 'refund.failed',
            jsonb_build_object(
                'refund_id', p_refund_id, 'amount', refund.amount, 'reason', p_failure
            )
        );
    end if;
end
$$;
-- +goose StatementEnd

-- Asks again for a refund that has failed, as another of the same; once, and once more when that one
-- has failed. Returns the id of the new one, also when it was asked for before, and null where the
-- refund has not failed. Raises MC020 or MC021 where its money or its units were given back otherwise.
-- +goose StatementBegin
create function ordering.retry_refund(p_refund_id uuid, p_retry_id uuid, p_by text) returns uuid
language plpgsql as $$
declare
    failed ordering.refunds;
    retry uuid;
begin
    select * into failed from ordering.refunds where id = p_refund_id;
    perform 1 from ordering.orders where id = failed.order_id for no key update;
    select * into failed from ordering.refunds where id = p_refund_id;
    if failed.status is distinct from 'failed' then
        return null;
    end if;
    select id into retry from ordering.refunds where retry_of = p_refund_id;
    if found then
        return retry;
    end if;
    insert into ordering.refunds (
        id, order_id, reason, amount, currency, kind, shipping_amount, shipment_id, return_id,
        requested_by, retry_of
    ) values (
        p_retry_id, failed.order_id, failed.reason, failed.amount, failed.currency, failed.kind,
        failed.shipping_amount, failed.shipment_id, failed.return_id, p_by, p_refund_id
    );
    insert into ordering.refund_items (
        refund_id, order_item_id, qty, amount, tax_amount, restocked
    )
    select p_retry_id, order_item_id, qty, amount, tax_amount, restocked
    from ordering.refund_items
    where refund_id = p_refund_id;
    insert into ordering.order_events (order_id, type, data)
    values (
        failed.order_id, 'refund.requested',
        jsonb_build_object(
            'refund_id', p_retry_id, 'amount', failed.amount, 'retry_of', p_refund_id
        )
    );
    return p_retry_id;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.retry_refund;
drop function ordering.fail_refund;
drop function ordering.complete_refund;
drop function ordering.follow_returns;
drop function ordering.take_back;
drop function ordering.check_refund_items cascade;
drop function ordering.check_refunds cascade;
drop index ordering.shipments_unsettled_idx;
drop index ordering.orders_cancel_request_idx;
alter table ordering.payments drop column released_amount;
drop function ordering.refund_document;
alter table ordering.refund_items drop column tax_amount;
alter table ordering.refunds
drop column retry_of, drop column failure, drop column requested_by, drop column return_id, drop column shipment_id,
drop column shipping_amount, drop column kind;
drop function ordering.return_document;
drop table ordering.return_items, ordering.returns;
alter table ordering.shipment_items drop column tax_amount;
alter table ordering.shipments
drop column cancel_reason, drop column cancelled_at, drop column label_cancelled_at,
drop column released_at, drop column packed_by, drop column shipping_amount;
alter table ordering.orders drop column cancel_request, drop column cancel_requested_at;
drop trigger refunds_transition on ordering.refunds;
drop trigger payments_transition on ordering.payments;
drop trigger shipments_transition on ordering.shipments;
