-- +goose Up
-- Erasing a customer: the rows stay, so that orders, money and stock add up, and say nothing of who it was.
--
-- What is refused raises an SQLSTATE of its own: MC080 orders of the customer are still under way, MC081 the
-- account has roles besides that of a customer, MC082 there is no such customer.

-- An erasure that has begun. looked_for is what it must not find anywhere in the end, and is forgotten then.
create table etl.erasures (
    customer_id bigint primary key,
    looked_for jsonb, -- e-mail address, name and phone as they were; null once one has ended and nothing was left
    anonymised_at timestamptz not null default now(),
    ended_at timestamptz
);

-- What an erasure writes in place of a part of the lake, written down before it does: whoever goes on after a
-- crash knows its work by it from a part that is corrupt. Forgotten when an erasure has ended and nothing was left.
create table etl.erased_parts (
    customer_id bigint not null references etl.erasures (customer_id) on delete cascade,
    zone text not null,
    key text not null,
    was_sha256 text not null,
    sha256 text not null,
    size bigint not null,
    rows bigint not null,
    primary key (customer_id, zone, key)
);

-- The digests of all that runs have made of a table of zone gold, before and after.
create table etl.erased_contents (
    customer_id bigint not null references etl.erasures (customer_id) on delete cascade,
    table_name text not null,
    was text not null,
    content text not null,
    primary key (customer_id, table_name, was)
);

-- +goose StatementBegin
create function identity.erased_email(p_customer bigint) returns text
language sql immutable as $$
    select 'erased-' || p_customer || '@erased.invalid'
$$;

-- An order needs its address until it is delivered, and its customer until its money is settled.
create function identity.refuse_erasure(p_customer bigint) returns void
language plpgsql as $$
declare
    under_way text;
    other_roles text;
begin
    perform from identity.customers where id = p_customer;
    if not found then
        raise exception 'no customer %', p_customer using errcode = 'MC082';
    end if;
    select string_agg(role, ', ' order by role)
    into other_roles
    from identity.user_roles
    inner join identity.users on users.id = user_roles.user_id
    where users.customer_id = p_customer and role <> 'customer';
    if other_roles is not null then
        raise exception 'the account of customer % is also %', p_customer, other_roles
            using errcode = 'MC081', detail = other_roles;
    end if;
    select string_agg(orders.id::text, ', ' order by orders.id)
    into under_way
    from ordering.orders
    where customer_id = p_customer
        and (
            status in ('pending', 'confirmed', 'shipped')
            or exists (
                select from ordering.returns
                where returns.order_id = orders.id and returns.status = 'requested'
            )
            or exists ( -- a label to be given back to its carrier
                select from ordering.shipments
                where shipments.order_id = orders.id
                    and shipments.status = 'cancelled'
                    and tracking_number is not null
                    and label_cancelled_at is null
            )
            or exists (
                select from ordering.waiting
                where waiting.order_id = orders.id and waiting.kind <> 'webhook'
            )
        );
    if under_way is not null then
        raise exception 'orders of customer % are under way', p_customer
            using errcode = 'MC080', detail = under_way;
    end if;
end
$$;

-- Makes a customer nobody: p_accounts are the digests that attempts to sign in are counted under. Done again
-- it changes nothing. What the lake copies of orders is not touched by it, so their days are not loaded anew.
create function identity.erase_customer(p_customer bigint, p_accounts bytea[]) returns void
language plpgsql as $$
declare
    their_orders uuid[];
    given_back uuid[]; -- refunds and returns of their orders
    their_cart uuid;
    dropped bigint[];
    marks text[]; -- what messages about their orders are known by
begin
    perform set_config('mercado.erasing', 'on', true);
    select array_agg(locked.id)
    into their_orders
    from (
        select id from ordering.orders where customer_id = p_customer order by id for no key update
    ) as locked;
    select id
    into their_cart
    from ordering.carts
    where customer_id = p_customer and status = 'open'
    for no key update;
    perform identity.refuse_erasure(p_customer);

    with gone as (
        delete from ordering.cart_items where cart_id = their_cart returning item_id
    )

    select array_agg(item_id) into dropped from gone;
    if dropped is not null then
        perform catalog.release_holds(dropped, their_cart);
        perform set_config('mercado.erasing', '', true);
        update ordering.carts set status = status where id = their_cart; -- its day is loaded anew
        perform set_config('mercado.erasing', 'on', true);
    end if;

    insert into etl.erasures as kept (customer_id, looked_for)
    select
        id,
        case
            when email <> identity.erased_email(p_customer)
                then jsonb_build_object(
                    'email', lower(email), 'name', lower(first_name || ' ' || last_name), 'phone', phone
                )
        end
    from identity.customers
    where id = p_customer
    on conflict (customer_id) do update
    set looked_for = coalesce(excluded.looked_for, kept.looked_for), ended_at = null;

    select array_agg(mark)
    into marks
    from (
        select unnest(their_orders)::text as mark
        union all
        select unnest(array[id::text, provider_reference])
        from ordering.payments
        where order_id = any(their_orders)
        union all
        select unnest(array[id::text, tracking_number])
        from ordering.shipments
        where order_id = any(their_orders)
    ) as known
    where mark <> '';
    update ordering.webhook_receipts
    set payload = '{}'
    where payload <> '{}'
        and exists (select from unnest(marks) as mark where strpos(payload::text, mark) > 0);

    update ordering.orders
    set shipping_address = '{}', notes = ''
    where id = any(their_orders) and (shipping_address, notes) <> ('{}', '');
    update ordering.shipments
    set tracking_number = null, label_url = null
    where order_id = any(their_orders) and coalesce(tracking_number, label_url) is not null;
    update ordering.returns
    set reason = '', rejected_because = case when rejected_because is not null then '' end
    where order_id = any(their_orders);
    update ordering.refunds
    set reason = ''
    where order_id = any(their_orders) and reason <> '';
    update catalog.reviews
    set title = '', comment = ''
    where customer_id = p_customer and (title, comment) <> ('', '');
    delete from ordering.idempotency_keys
    where scope = 'customer/' || p_customer or order_id = any(their_orders);
    -- What operators asked for is kept under the id of what was made, with their words: it is not to be
    -- made again.
    select array_agg(made.id)
    into given_back
    from (
        select id from ordering.refunds where order_id = any(their_orders)
        union all
        select id from ordering.returns where order_id = any(their_orders)
    ) as made;
    update ordering.idempotency_keys
    set response = response || '{"reason": ""}'
    where order_id = any(given_back) and response ->> 'reason' <> '';

    delete from identity.known_addresses where account = any(p_accounts);
    delete from identity.attempts where subject = any(p_accounts);
    delete from identity.users where customer_id = p_customer; -- and with it roles and sessions
    update identity.customers
    set
        first_name = 'Erased', last_name = 'Customer', email = identity.erased_email(p_customer),
        phone = null, birth_date = null, city = null, is_active = false, updated_at = now()
    where id = p_customer and (email <> identity.erased_email(p_customer) or is_active);
end
$$;

-- Has the planner forget what it has kept of the rows as they were: common and bounding values of columns.
create function identity.renew_statistics() returns void
language plpgsql as $$
begin
    analyze identity.customers, identity.users, ordering.orders, ordering.shipments, ordering.returns,
        ordering.refunds, ordering.webhook_receipts, ordering.idempotency_keys, catalog.reviews;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function identity.renew_statistics;
drop function identity.erase_customer;
drop function identity.refuse_erasure;
drop function identity.erased_email;
drop table etl.erased_contents, etl.erased_parts, etl.erasures;
