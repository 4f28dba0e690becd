-- +goose Up
-- The steps of fulfilment that move a shipment, and the order with it. Each locks the order first,
-- so that two shipments of one order cannot each take the other for unfinished, and of two who want
-- different things of one shipment the first wins. Each does nothing where it was done before, and
-- returns where the shipment stands.

-- A carrier may be a little wrong about the time, not about the order of things.
alter table ordering.shipments
add check (status <> 'delivered' or delivered_at is not null),
add check (delivered_at >= packed_at - interval '5 minutes');

-- The shipment, with its order locked.
-- +goose StatementBegin
create function ordering.lock_shipment(p_shipment_id uuid) returns ordering.shipments
language plpgsql as $$
declare
    shipment ordering.shipments;
begin
    select * into shipment from ordering.shipments where id = p_shipment_id;
    perform 1 from ordering.orders where id = shipment.order_id for no key update;
    select * into shipment from ordering.shipments where id = p_shipment_id;
    return shipment;
end
$$;
-- +goose StatementEnd

create function ordering.tell_shipment(
    p_shipment ordering.shipments, p_type text, p_more jsonb default '{}'
) returns void
language sql as $$
    insert into ordering.order_events (order_id, type, data)
    values (
        p_shipment.order_id, p_type,
        jsonb_build_object('shipment_id', p_shipment.id, 'vendor_id', p_shipment.vendor_id) || p_more
    )
$$;

-- Moves an order to where its shipments are: shipped with the last of them that is sent at all,
-- delivered with the last that arrives, cancelled when none is sent or none arrives.
-- +goose StatementBegin
create function ordering.follow_shipments(p_order_id uuid, p_reason text default null)
returns void
language plpgsql as $$
declare
    now_at ordering.orders;
    waiting bigint;
    under_way bigint;
    arrived bigint;
    missing bigint;
    last_arrival timestamptz;
begin
    select
        count(*) filter (where status in ('pending', 'packed', 'released')),
        count(*) filter (where status = 'shipped'),
        count(*) filter (where status = 'delivered'),
        count(*) filter (where status in ('lost', 'returned_to_sender')),
        max(delivered_at)
    into waiting, under_way, arrived, missing, last_arrival
    from ordering.shipments
    where order_id = p_order_id;
    if waiting > 0 then
        return;
    end if;
    select * into now_at from ordering.orders where id = p_order_id;
    if now_at.status = 'confirmed' and under_way + arrived + missing > 0 then
        update ordering.orders
        set
            status = 'shipped',
            shipped_at = now()
        where id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.shipped');
        now_at.status := 'shipped';
    end if;
    if now_at.status in ('confirmed', 'shipped') and under_way + arrived = 0 then
        update ordering.orders
        set
            status = 'cancelled',
            cancel_reason = p_reason,
            payment_status = case
                when exists (
                    select 1 from ordering.payments
                    where order_id = p_order_id and captured_amount > 0
                ) then payment_status
                else 'failed'
            end
        where id = p_order_id;
        -- An order that is no sale any more gives up no revenue: its refunds are read anew.
        update ordering.refunds set updated_at = now() where order_id = p_order_id;
        insert into ordering.order_events (order_id, type, data)
        values (p_order_id, 'order.cancelled', jsonb_build_object('reason', p_reason));
    elsif now_at.status = 'shipped' and under_way = 0 then
        update ordering.orders
        set
            status = 'delivered',
            actual_delivery = last_arrival
        where id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.delivered');
        -- What arrived may have come back before the rest was lost.
        perform ordering.follow_returns(p_order_id);
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ordering.pack_shipment(p_shipment_id uuid, p_by text) returns ordering.shipments
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.lock_shipment(p_shipment_id);
begin
    update ordering.shipments
    set
        status = 'packed',
        packed_at = now(),
        packed_by = p_by
    where id = p_shipment_id and status = 'pending'
    returning * into shipment;
    if found then
        perform ordering.tell_shipment(shipment, 'shipment.packed');
        return shipment;
    end if;
    return ordering.lock_shipment(p_shipment_id);
end
$$;
-- +goose StatementEnd

-- Sends a shipment off: from here on nobody cancels it any more but a provider who refuses to pay.
-- One that is not packed yet is packed with it.
-- +goose StatementBegin
create function ordering.release_shipment(p_shipment_id uuid, p_by text) returns ordering.shipments
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.pack_shipment(p_shipment_id, p_by);
begin
    update ordering.shipments
    set
        status = 'released',
        released_at = now()
    where id = p_shipment_id and status = 'packed'
    returning * into shipment;
    if found then
        perform ordering.tell_shipment(shipment, 'shipment.released');
        return shipment;
    end if;
    return ordering.lock_shipment(p_shipment_id);
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ordering.ship_shipment(p_shipment_id uuid) returns void
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.lock_shipment(p_shipment_id);
begin
    update ordering.shipments
    set
        status = 'shipped',
        shipped_at = now()
    where id = p_shipment_id and status = 'released';
    if not found then
        return;
    end if;
    perform ordering.tell_shipment(shipment, 'shipment.shipped');
    perform ordering.follow_shipments(shipment.order_id);
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ordering.deliver_shipment(p_shipment_id uuid, p_delivered_at timestamptz)
returns void
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.lock_shipment(p_shipment_id);
begin
    update ordering.shipments
    set
        status = 'delivered',
        delivered_at = p_delivered_at
    where id = p_shipment_id and status = 'shipped';
    if not found then
        return;
    end if;
    perform ordering.tell_shipment(shipment, 'shipment.delivered');
    perform ordering.follow_shipments(shipment.order_id);
end
$$;
-- +goose StatementEnd

-- Gives up what a shipment was sold for: a refund, to be paid, of what was captured, else a release.
-- Card and wallet are captured as it ships, cash on delivery as it arrives, the rest before.
-- +goose StatementBegin
create function ordering.give_up_revenue(
    p_shipment ordering.shipments, p_refund_id uuid, p_reason text, p_by text, p_restocked boolean
) returns void
language plpgsql as $$
declare
    paying ordering.payments;
    captured boolean;
begin
    if p_shipment.amount = 0 then
        return;
    end if;
    select * into paying
    from ordering.payments
    where order_id = p_shipment.order_id
    for no key update;
    captured := case
        when paying.method in ('bank_transfer', 'cash') then true
        when paying.method = 'cash_on_delivery' then p_shipment.status = 'delivered'
        else p_shipment.status in ('shipped', 'delivered')
    end;
    insert into ordering.refunds (
        id, order_id, reason, amount, currency, status, completed_at, kind, shipping_amount,
        shipment_id, requested_by
    ) values (
        p_refund_id, p_shipment.order_id, p_reason, p_shipment.amount, p_shipment.currency,
        case when captured then 'pending' else 'completed' end,
        case when not captured then now() end,
        case when captured then 'refund' else 'release' end,
        p_shipment.shipping_amount, p_shipment.id, p_by
    );
    insert into ordering.refund_items (
        refund_id, order_item_id, qty, amount, tax_amount, restocked
    )
    select p_refund_id, item.id, sent.qty, item.total_price, sent.tax_amount, p_restocked
    from ordering.shipment_items as sent
    inner join ordering.order_items as item on item.id = sent.order_item_id
    where sent.shipment_id = p_shipment.id;
    if not captured then
        update ordering.payments
        set
            released_amount = released_amount + p_shipment.amount,
            status = case
                when
                    captured_amount = 0
                    or captured_amount + released_amount + p_shipment.amount < amount then status
                when status in ('pending', 'authorized', 'voided') then 'completed'
                when refunded_amount = captured_amount then 'refunded'
                else status
            end
        where id = paying.id
        returning * into paying;
        if paying.status in ('completed', 'refunded') then
            update ordering.orders
            set payment_status = paying.status
            where id = paying.order_id and payment_status <> paying.status;
        end if;
    end if;
    insert into ordering.order_events (order_id, type, data)
    values (
        p_shipment.order_id, case when captured then 'refund.requested' else 'payment.released' end,
        jsonb_build_object('refund_id', p_refund_id, 'amount', p_shipment.amount)
    );
end
$$;
-- +goose StatementEnd

-- Gives up a shipment that was not sent: its goods go back on the shelf, or, where the vendor has
-- none, are written off; what it was sold for is released or refunded. One that was sent off is left
-- as it is, unless it is the provider who refuses to pay.
-- +goose StatementBegin
create function ordering.cancel_shipment(
    p_shipment_id uuid, p_reason text, p_by text, p_restock boolean, p_refund_id uuid
) returns ordering.shipments
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.lock_shipment(p_shipment_id);
    lines bigint[];
    quantities bigint[];
begin
    update ordering.shipments
    set
        status = 'cancelled',
        cancelled_at = now(),
        cancel_reason = p_reason
    where id = p_shipment_id
        and (
            status in ('pending', 'packed')
            or (status = 'released' and p_reason = 'capture_refused')
        );
    if not found then
        return shipment;
    end if;
    select array_agg(order_item_id), array_agg(qty) into lines, quantities
    from ordering.shipment_items
    where shipment_id = p_shipment_id;
    perform ordering.take_back(shipment.order_id, lines, quantities, p_restock, p_reason);
    perform ordering.give_up_revenue(shipment, p_refund_id, p_reason, p_by, p_restock);
    perform ordering.tell_shipment(
        shipment, 'shipment.cancelled', jsonb_build_object('reason', p_reason)
    );
    perform ordering.follow_shipments(shipment.order_id, p_reason);
    return ordering.lock_shipment(p_shipment_id);
end
$$;
-- +goose StatementEnd

-- Ends a shipment that will not arrive: lost, or on its way back to the vendor, who books it in when
-- it is there.
-- +goose StatementBegin
create function ordering.lose_shipment(p_shipment_id uuid, p_status text, p_refund_id uuid)
returns void
language plpgsql as $$
declare
    shipment ordering.shipments := ordering.lock_shipment(p_shipment_id);
begin
    update ordering.shipments
    set status = p_status
    where id = p_shipment_id and status = 'shipped';
    if not found then
        return;
    end if;
    perform ordering.give_up_revenue(shipment, p_refund_id, p_status, 'shop', false);
    perform ordering.tell_shipment(shipment, 'shipment.' || p_status);
    perform ordering.follow_shipments(shipment.order_id, p_status);
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.lose_shipment;
drop function ordering.cancel_shipment;
drop function ordering.give_up_revenue;
drop function ordering.deliver_shipment;
drop function ordering.ship_shipment;
drop function ordering.release_shipment;
drop function ordering.pack_shipment;
drop function ordering.follow_shipments;
drop function ordering.tell_shipment;
drop function ordering.lock_shipment;
