-- +goose Up
-- The steps of fulfilment that move a shipment, and the order with it. Each locks the order first,
-- so that two shipments of one order cannot each take the other for unfinished.

-- A carrier may be a little wrong about the time, not about the order of things.
alter table ordering.shipments
add check (status <> 'delivered' or delivered_at is not null),
add check (delivered_at >= packed_at - interval '5 minutes');

-- Moves an order to where its shipments are: shipped with the last of them that is sent at all,
-- delivered with the last that arrives, cancelled when none is sent.
-- +goose StatementBegin
create function ordering.follow_shipments(p_order_id uuid, p_reason text default null)
returns void
language plpgsql as $$
declare
    now_at ordering.orders;
    waiting bigint;
    under_way bigint;
    arrived bigint;
    last_arrival timestamptz;
begin
    select
        count(*) filter (where status in ('pending', 'packed')),
        count(*) filter (where status = 'shipped'),
        count(*) filter (where status = 'delivered'),
        max(delivered_at)
    into waiting, under_way, arrived, last_arrival
    from ordering.shipments
    where order_id = p_order_id;
    if waiting > 0 then
        return;
    end if;
    select * into now_at from ordering.orders where id = p_order_id;
    if now_at.status = 'confirmed' and under_way + arrived = 0 then
        update ordering.orders
        set
            status = 'cancelled',
            cancel_reason = p_reason,
            payment_status = 'failed'
        where id = p_order_id;
        insert into ordering.order_events (order_id, type, data)
        values (p_order_id, 'order.cancelled', jsonb_build_object('reason', p_reason));
        return;
    end if;
    if now_at.status = 'confirmed' then
        update ordering.orders
        set
            status = 'shipped',
            shipped_at = now()
        where id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.shipped');
        now_at.status := 'shipped';
    end if;
    if now_at.status = 'shipped' and under_way = 0 then
        update ordering.orders
        set
            status = 'delivered',
            actual_delivery = last_arrival
        where id = p_order_id;
        insert into ordering.order_events (order_id, type) values (p_order_id, 'order.delivered');
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ordering.ship_shipment(p_shipment_id uuid) returns void
language plpgsql as $$
declare
    shipment ordering.shipments;
begin
    select * into shipment from ordering.shipments where id = p_shipment_id;
    perform 1 from ordering.orders where id = shipment.order_id for no key update;
    update ordering.shipments
    set
        status = 'shipped',
        shipped_at = now()
    where id = p_shipment_id and status = 'packed';
    if not found then
        return;
    end if;
    insert into ordering.order_events (order_id, type, data)
    values (
        shipment.order_id, 'shipment.shipped',
        jsonb_build_object('shipment_id', p_shipment_id, 'vendor_id', shipment.vendor_id)
    );
    perform ordering.follow_shipments(shipment.order_id);
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function ordering.deliver_shipment(p_shipment_id uuid, p_delivered_at timestamptz)
returns void
language plpgsql as $$
declare
    shipment ordering.shipments;
begin
    select * into shipment from ordering.shipments where id = p_shipment_id;
    perform 1 from ordering.orders where id = shipment.order_id for no key update;
    update ordering.shipments
    set
        status = 'delivered',
        delivered_at = p_delivered_at
    where id = p_shipment_id and status = 'shipped';
    if not found then
        return;
    end if;
    insert into ordering.order_events (order_id, type, data)
    values (
        shipment.order_id, 'shipment.delivered',
        jsonb_build_object('shipment_id', p_shipment_id, 'vendor_id', shipment.vendor_id)
    );
    perform ordering.follow_shipments(shipment.order_id);
end
$$;
-- +goose StatementEnd

-- Gives up a shipment that was not sent and puts its goods back on the shelf. It returns the
-- order's status.
-- +goose StatementBegin
create function ordering.cancel_shipment(p_shipment_id uuid, p_reason text) returns text
language plpgsql as $$
declare
    shipment ordering.shipments;
    products bigint[];
    quantities bigint[];
begin
    select * into shipment from ordering.shipments where id = p_shipment_id;
    perform 1 from ordering.orders where id = shipment.order_id for no key update;
    update ordering.shipments
    set status = 'cancelled'
    where id = p_shipment_id and status in ('pending', 'packed');
    if found then
        select array_agg(item.item_id), array_agg(sent.qty) into products, quantities
        from ordering.shipment_items as sent
        inner join ordering.order_items as item on item.id = sent.order_item_id
        where sent.shipment_id = p_shipment_id;
        perform catalog.move_stock(
            'return', products, quantities, 'order', shipment.order_id::text, p_reason
        );
        update ordering.order_items as item
        set returned_qty = item.returned_qty + sent.qty
        from ordering.shipment_items as sent
        where sent.shipment_id = p_shipment_id and item.id = sent.order_item_id;
        insert into ordering.order_events (order_id, type, data)
        values (
            shipment.order_id, 'shipment.cancelled',
            jsonb_build_object(
                'shipment_id', p_shipment_id, 'vendor_id', shipment.vendor_id, 'reason', p_reason
            )
        );
        perform ordering.follow_shipments(shipment.order_id, p_reason);
    end if;
    return (select status from ordering.orders where id = shipment.order_id);
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.cancel_shipment;
drop function ordering.deliver_shipment;
drop function ordering.ship_shipment;
drop function ordering.follow_shipments;
