-- +goose Up
-- The steps of fulfilment that move a shipment and, with its last one, the order. Both lock the
-- order first, so that two shipments of one order cannot each take the other for unfinished.

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

    update ordering.orders
    set
        status = 'shipped',
        shipped_at = now()
    where id = shipment.order_id
        and status = 'confirmed'
        and not exists (
            select 1
            from ordering.shipments
            where order_id = shipment.order_id and status in ('pending', 'packed')
        );
    if found then
        insert into ordering.order_events (order_id, type)
        values (shipment.order_id, 'order.shipped');
    end if;
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

    update ordering.orders
    set
        status = 'delivered',
        actual_delivery = p_delivered_at
    where id = shipment.order_id
        and status = 'shipped'
        and not exists (
            select 1
            from ordering.shipments
            where order_id = shipment.order_id and status not in ('delivered', 'cancelled')
        );
    if found then
        insert into ordering.order_events (order_id, type)
        values (shipment.order_id, 'order.delivered');
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.deliver_shipment;
drop function ordering.ship_shipment;
