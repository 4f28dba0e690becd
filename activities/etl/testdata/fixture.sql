-- A shop to extract, written as rows and not through the saga: small, and different on each day.
create schema fixture;

create function fixture.catalog() returns void
language sql as $$
    insert into identity.customers (first_name, last_name, email, phone, city, country, joined_at)
    select
        '  Given  ' || g, 'Family' || g, 'Person' || g || '@Example.org', '+351 21 000 ' || g, 'Porto', 'PT',
        timestamptz '2025-01-01 00:00:00+00' + g * interval '1 hour'
    from generate_series(1, 20) as g;

    insert into catalog.vendors (vendor_name, region, joined_at)
    select 'Vendor ' || g, 'PT', timestamptz '2025-01-01 00:00:00+00'
    from generate_series(1, 3) as g;

    insert into catalog.categories (name, parent_id)
    select 'Category ' || g, case when g > 1 then 1 end
    from generate_series(1, 4) as g;

    insert into catalog.products (vendor_id, item_name, category_id, brand, price, cost)
    select g % 3 + 1, 'Product ' || g, g % 4 + 1, 'Brand', g * 3.33, g * 2.22
    from generate_series(1, 12) as g;

    insert into catalog.stock (product_id, on_hand)
    select id, 100000 from catalog.products;

    insert into catalog.stock_ledger (
        product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at, recorded_at
    )
    select id, 'initial', 100000, 0, 'inventory', '2025-01-01 00:00:00+00', '2025-01-01 00:00:00+00'
    from catalog.products;
$$;

-- Orders of a day, of one to three lines each, every seventh cancelled.
create function fixture.place(day date, orders integer) returns void
language plpgsql as $$
declare
    n integer;
    at timestamptz;
    new_id uuid;
    amount numeric(18, 2);
    taken numeric(18, 2);
    is_cancelled boolean;
begin
    for n in 1..orders loop
        at := (day + (n * interval '1 day' / (orders + 1))) at time zone 'UTC';
        new_id := gen_random_uuid();
        is_cancelled := n % 7 = 0;
        select sum(qty * price), sum(least(qty * price, 0.07))
        into amount, taken
        from fixture.lines(n);
        insert into ordering.orders (
            id, customer_id, channel, order_date, status, payment_method, payment_status, subtotal,
            tax_amount, shipping_cost, discount_amount, total_amount, cancel_reason, confirmed_at,
            created_at, updated_at
        ) values (
            new_id, n % 20 + 1, 'web', at, case when is_cancelled then 'cancelled' else 'confirmed' end, 'card',
            case when is_cancelled then 'failed' else 'authorized' end, amount, 1.23, 4.56, taken,
            amount - taken + 1.23 + 4.56, case when is_cancelled then 'declined' end,
            case when not is_cancelled then at end, at, at
        );
        insert into ordering.order_items (
            order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, discount_amount,
            total_price, committed_qty, created_at, updated_at
        )
        select
            new_id, l.line_no, l.product_id, l.product_id % 3 + 1, l.qty, l.price, l.cost,
            least(l.qty * l.price, 0.07), l.qty * l.price - least(l.qty * l.price, 0.07),
            case when is_cancelled then 0 else l.qty end, at, at
        from fixture.lines(n) as l;
        insert into ordering.payments (id, order_id, provider, method, token, status, amount, currency, created_at)
        values (gen_random_uuid(), new_id, 'sandbox', 'card', 'secret-token', 'pending',
            amount - taken + 1.23 + 4.56, 'EUR', at);
        -- Not of a kind that anything is started for.
        insert into ordering.order_events (order_id, type, occurred_at)
        values (new_id, 'order.placed', at), (new_id, 'order.reserved', at);
        insert into ordering.payment_attempts (
            payment_id, operation, idempotency_key, amount, currency, outcome, occurred_at
        )
        select p.id, 'authorize', 'key', p.amount, p.currency, o.outcome, at
        from ordering.payments as p
        cross join (values ('asked'), (case when is_cancelled then 'declined' else 'approved' end)) as o (outcome)
        where p.order_id = new_id;
        if not is_cancelled then
            insert into ordering.shipments (id, order_id, vendor_id, amount, currency, created_at, updated_at)
            select gen_random_uuid(), new_id, i.vendor_id, sum(i.total_price), 'EUR', at, at
            from ordering.order_items as i
            where i.order_id = new_id
            group by i.vendor_id;
            insert into catalog.stock_ledger (
                product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id, occurred_at, recorded_at
            )
            select l.product_id, 'reserve', 0, l.qty, 'order', new_id::text, at, at from fixture.lines(n) as l
            union all
            select l.product_id, 'commit', -l.qty, -l.qty, 'order', new_id::text, at, at from fixture.lines(n) as l;
            update catalog.stock as s
            set on_hand = s.on_hand - l.qty
            from fixture.lines(n) as l
            where s.product_id = l.product_id;
        end if;
    end loop;
end
$$;

create function fixture.lines(
    n integer, out line_no integer, out product_id bigint, out qty bigint, out price numeric, out cost numeric
) returns setof record
language sql stable as $$
    select g, p.id, (n + g) % 4 + 1, p.price, p.cost
    from generate_series(1, n % 3 + 1) as g
    inner join catalog.products as p on p.id = (n * 5 + g * 3) % 12 + 1
$$;

-- Carts begun on a day, of one to three products each, left behind.
create function fixture.leave_carts(day date, carts integer) returns void
language sql as $$
    insert into ordering.carts (id, customer_id, status, created_at)
    select
        ('00000000-0000-7000-8000-' || lpad((day - date '2000-01-01') || lpad(n::text, 4, '0'), 12, '0'))::uuid,
        n % 20 + 1, 'abandoned', (day + (n * interval '1 day' / (carts + 1))) at time zone 'UTC'
    from generate_series(1, carts) as n;

    insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price)
    select
        ('00000000-0000-7000-8000-' || lpad((day - date '2000-01-01') || lpad(n::text, 4, '0'), 12, '0'))::uuid,
        l.product_id, l.product_id % 3 + 1, l.qty, l.price
    from generate_series(1, carts) as n
    cross join fixture.lines(n) as l;
$$;

-- What fixture.turn turns and fixture.place does not make: a refund of the day's second order, a cart, and
-- stock that comes in. Triggers, which know of no way back, are off in both.
create function fixture.vary(of_day date) returns void
language sql set session_replication_role = replica as $$
    select fixture.leave_carts(of_day, 1);

    insert into catalog.stock_ledger (product_id, kind, on_hand_delta, reserved_delta, reference_type, occurred_at)
    values (1, 'restock', 5, 0, 'inventory', of_day at time zone 'UTC');

    with refunded as (
        insert into ordering.refunds (id, order_id, amount, currency, completed_at, status, created_at)
        select gen_random_uuid(), o.id, 1, 'EUR', o.order_date, 'completed', o.order_date
        from ordering.orders as o
        where o.order_date >= of_day at time zone 'UTC'
        order by o.order_date
        offset 1 limit 1
        returning id, order_id
    )

    insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
    select r.id, i.id, 1, 1
    from refunded as r
    inner join ordering.order_items as i on i.order_id = r.order_id and i.line_no = 1;
$$;

-- Turns the shop to how it is otherwise, or back to how it was: every table of the warehouse but the calendar
-- is then another, and each time the same.
create function fixture.turn(of_day date, otherwise boolean) returns void
language sql set session_replication_role = replica as $$
    update ordering.orders
    set
        xid = pg_current_xact_id(),
        status = case when otherwise then 'cancelled' else 'confirmed' end,
        cancel_reason = case when otherwise then 'late' end
    where id = (
        select o.id from ordering.orders as o
        where o.order_date >= of_day at time zone 'UTC'
        order by o.order_date
        limit 1
    );

    update ordering.refunds
    set
        xid = pg_current_xact_id(),
        status = case when otherwise then 'failed' else 'completed' end,
        failure = case when otherwise then 'declined' end,
        completed_at = case when not otherwise then created_at end;

    update ordering.carts
    set
        xid = pg_current_xact_id(),
        status = case when otherwise then 'checked_out' else 'abandoned' end,
        checked_out_at = case when otherwise then created_at end;

    update catalog.stock_ledger
    set xid = pg_current_xact_id(), on_hand_delta = case when otherwise then 6 else 5 end
    where kind = 'restock';

    update catalog.stock
    set on_hand = (select sum(l.on_hand_delta) from catalog.stock_ledger as l where l.product_id = 1)
    where product_id = 1;

    update identity.customers
    set city = case when otherwise then 'Braga' else 'Porto' end, updated_at = of_day at time zone 'UTC'
    where id = 1;

    update catalog.products
    set price = case when otherwise then 4.44 else 3.33 end, updated_at = of_day at time zone 'UTC'
    where id = 1;

    update catalog.vendors
    set vendor_name = case when otherwise then 'Vendor One' else 'Vendor 1' end
    where id = 1;

    update catalog.categories
    set name = case when otherwise then 'Category One' else 'Category 1' end
    where id = 1;
$$;
