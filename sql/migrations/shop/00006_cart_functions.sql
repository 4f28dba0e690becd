-- +goose Up
-- Orders and carts as they are shown, and what a customer does to a cart: one call, so one
-- transaction in one round trip.
--
-- What a customer may get wrong raises an SQLSTATE of its own and leaves no row behind:
-- MC001 too little stock, MC002 unknown product, MC003 empty cart, MC004 price changed,
-- MC005 a checkout of this cart is under way, MC006 no such active customer, MC007 cart is full.

-- Readers of events ask for transactions by number: see the query ConfirmedSince.
create index order_events_xid_idx on ordering.order_events (xid);

-- The transactions that a snapshot saw running. Immutable, so that the planner knows them and
-- finds their few rows by the index, whatever the statistics say of xid.
create function ordering.running_in(p_snapshot text) returns xid8 []
language sql immutable as $$
    select array(select pg_snapshot_xip(p_snapshot::pg_snapshot))
$$;

-- The order as the first answer to a checkout is kept, and as the API shows it: without unit_cost to
-- those who may not know it.
-- +goose StatementBegin
create function ordering.order_document(p_order_id uuid) returns jsonb
language plpgsql stable as $$ -- Postgres would plan a function in sql anew for each call
declare
    document jsonb;
begin
    select
        jsonb_build_object(
            'id', o.id, 'customer_id', o.customer_id, 'channel', o.channel,
            'order_date', o.order_date, 'status', o.status, 'cancel_reason', o.cancel_reason,
            'payment_method', o.payment_method, 'payment_status', o.payment_status,
            'payment_provider', (select provider from ordering.payments where order_id = o.id),
            'payment_instructions', (
                select
                    transfer.instructions || jsonb_build_object(
                        'awaited_until', transfer.awaited_until,
                        'received_amount', transfer.received_amount
                    )
                from ordering.bank_transfers as transfer
                inner join ordering.payments as payment on payment.id = transfer.payment_id
                where payment.order_id = o.id
            ),
            'subtotal', o.subtotal, 'tax_amount', o.tax_amount, 'shipping_cost', o.shipping_cost,
            'discount_amount', o.discount_amount, 'total_amount', o.total_amount,
            'discount_code', o.discount_code, 'currency', o.currency, 'shipping_address', o.shipping_address,
            'estimated_delivery', o.estimated_delivery, 'actual_delivery', o.actual_delivery,
            'notes', o.notes, 'created_at', o.created_at, 'updated_at', o.updated_at
        )
        || jsonb_build_object(
            'items', (
                select
                    jsonb_agg(
                        jsonb_build_object(
                            'item_id', item_id, 'vendor_id', vendor_id, 'qty', qty,
                            'unit_price', unit_price, 'unit_cost', unit_cost,
                            'discount_percent', discount_percent, 'discount_amount', discount_amount,
                            'total_price', total_price, 'created_at', created_at
                        )
                        order by line_no
                    )
                from ordering.order_items
                where order_id = o.id
            ),
            'shipments', (
                select
                    coalesce(
                        jsonb_agg(
                            jsonb_build_object(
                                'id', id, 'vendor_id', vendor_id, 'status', status,
                                'carrier', carrier, 'tracking_number', tracking_number,
                                'shipped_at', shipped_at, 'delivered_at', delivered_at
                            )
                            order by id
                        ),
                        '[]'
                    )
                from ordering.shipments
                where order_id = o.id
            )
        )
    into document
    from ordering.orders as o
    where o.id = p_order_id;
    return document;
end
$$;
-- +goose StatementEnd

-- A line of goods to be priced: at the catalogue's price and, in a cart, the price it was put in at.
create type ordering.priced_line as (
    item_id bigint,
    vendor_id bigint,
    qty bigint,
    unit_price numeric(18, 2),
    unit_cost numeric(18, 2),
    weight_kg numeric(10, 3),
    known_price numeric(18, 2),
    is_active boolean
);

-- A customer's open cart; {"id": null, "items": []} when there is none. Tax and shipping are those
-- of p_country, which must have rates; without one, those of the customer's own country where it
-- has them, else null.
-- +goose StatementBegin
create function ordering.cart_document(
    p_customer_id bigint,
    p_discount_code text default null,
    p_country text default null,
    p_region text default null
) returns jsonb
language plpgsql stable as $$
declare
    cart ordering.carts;
    lines ordering.priced_line[];
    expiry timestamptz;
    items jsonb;
    bill record;
begin
    select * into cart
    from ordering.carts
    where customer_id = p_customer_id and status = 'open';
    select
        array_agg(
            row(
                item.item_id, item.vendor_id, item.qty, item.unit_price, product.cost,
                product.weight_kg, item.unit_price, product.is_active
            )::ordering.priced_line
            order by item.added_at, item.item_id
        ),
        min(hold.expires_at),
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'item_id', item.item_id, 'item_name', product.item_name,
                    'vendor_id', item.vendor_id, 'qty', item.qty, 'unit_price', item.unit_price,
                    'total_price', item.qty * item.unit_price,
                    'price_changed', product.price <> item.unit_price,
                    'current_price', product.price,
                    'hold', case when hold.expires_at is null then 'expired' else 'held' end,
                    'expires_at', hold.expires_at, 'is_available', product.is_active
                )
                order by item.added_at, item.item_id
            ),
            '[]'
        )
    into lines, expiry, items
    from ordering.cart_items as item
    inner join catalog.products as product on product.id = item.item_id
    left join catalog.holds as hold
        on hold.cart_id = item.cart_id
        and hold.product_id = item.item_id
        and hold.expires_at > now()
    where item.cart_id = cart.id;

    select priced.*, place.country
    into bill
    from (
        select coalesce(p_country, customer.country) as country
        from (values (p_customer_id)) as asked (customer_id)
        left join identity.customers as customer on customer.id = asked.customer_id
    ) as place
    cross join lateral ordering.bill(
        lines, p_customer_id, p_discount_code, place.country, p_region, true
    ) as priced;
    if p_country is not null then
        perform ordering.refuse_unpriced(
            bill.tax_amount, bill.shipping_cost, p_country, bill.weight_kg
        );
    end if;

    return jsonb_build_object(
        'id', cart.id,
        'currency', coalesce(cart.currency, 'EUR'),
        'expires_at', expiry,
        'subtotal', bill.subtotal,
        'discount_code', bill.discount_code,
        'discount_amount', bill.discount_amount,
        'tax_amount', bill.tax_amount,
        'shipping_cost', bill.shipping_cost,
        'country', case when bill.tax_amount + bill.shipping_cost is not null then bill.country end,
        'total_amount', bill.total_amount,
        'items', items
    );
end
$$;
-- +goose StatementEnd

-- The customer's open cart, locked; made when there is none and p_new_id is given. A cart whose
-- checkout is under way is refused.
-- +goose StatementBegin
create function ordering.lock_cart(p_customer_id bigint, p_new_id uuid default null)
returns ordering.carts
language plpgsql as $$
declare
    cart ordering.carts;
begin
    perform 1 from identity.customers where id = p_customer_id and is_active;
    if not found then
        raise exception 'customer % is unknown or inactive', p_customer_id using errcode = 'MC006';
    end if;
    loop
        if p_new_id is not null then
            insert into ordering.carts (id, customer_id) values (p_new_id, p_customer_id)
            on conflict (customer_id) where status = 'open' do nothing;
        end if;
        select * into cart
        from ordering.carts
        where customer_id = p_customer_id and status = 'open'
        for no key update;
        -- A cart that was checked out while this waited for it leaves room for a new one.
        exit when found or p_new_id is null;
    end loop;
    perform 1 from ordering.orders where cart_id = cart.id and status = 'pending';
    if found then
        raise exception 'cart % is being checked out', cart.id using errcode = 'MC005';
    end if;
    return cart;
end
$$;
-- +goose StatementEnd

-- Puts p_qty of a product in the customer's cart, instead of what was there, and holds it. A cart
-- has at most 100 lines: with the most that a price and a quantity may be, every total fits.
-- +goose StatementBegin
create function ordering.put_cart_item(
    p_customer_id bigint, p_new_cart_id uuid, p_item_id bigint, p_qty bigint, p_hold_ttl interval
) returns jsonb
language plpgsql as $$
declare
    cart ordering.carts;
    product catalog.products;
begin
    select * into product from catalog.products where id = p_item_id and is_active;
    if not found then
        raise exception 'product % is unknown or not for sale', p_item_id using errcode = 'MC002';
    end if;
    cart := ordering.lock_cart(p_customer_id, p_new_cart_id);
    perform 1
    from ordering.cart_items
    where cart_id = cart.id and item_id <> p_item_id
    having count(*) >= 100;
    if found then
        raise exception 'cart % is full', cart.id using errcode = 'MC007';
    end if;
    perform catalog.hold_stock(cart.id, p_item_id, p_qty, clock_timestamp() + p_hold_ttl);
    insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price)
    values (cart.id, p_item_id, product.vendor_id, p_qty, product.price)
    on conflict (cart_id, item_id) do update
    set
        qty = excluded.qty,
        unit_price = excluded.unit_price,
        vendor_id = excluded.vendor_id,
        updated_at = now();
    update ordering.carts set status = status where id = cart.id;
    return ordering.cart_document(p_customer_id);
end
$$;
-- +goose StatementEnd

-- Takes a product, or all of them, out of the customer's cart and gives their stock back.
-- +goose StatementBegin
create function ordering.drop_cart_items(p_customer_id bigint, p_item_id bigint default null)
returns jsonb
language plpgsql as $$
declare
    cart ordering.carts := ordering.lock_cart(p_customer_id);
    dropped bigint[];
begin
    with gone as (
        delete from ordering.cart_items
        where cart_id = cart.id and (p_item_id is null or item_id = p_item_id)
        returning item_id
    )

    select array_agg(item_id) into dropped from gone;
    if dropped is not null then
        perform catalog.release_holds(dropped, cart.id);
        update ordering.carts set status = status where id = cart.id;
    end if;
    return ordering.cart_document(p_customer_id);
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function ordering.drop_cart_items;
drop function ordering.put_cart_item;
drop function ordering.lock_cart;
drop function ordering.cart_document;
drop type ordering.priced_line;
drop function ordering.order_document;
drop function ordering.running_in;
drop index ordering.order_events_xid_idx;
