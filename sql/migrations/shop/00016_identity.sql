-- +goose Up
-- Who may try how often. A subject, an account or a client's address, is kept by its digest; a
-- subject with nothing to its name has no row. full_at is when its whole allowance is back.
create table identity.attempts (
    subject bytea primary key,
    full_at timestamptz not null
);
create index attempts_full_idx on identity.attempts (full_at);

-- Addresses that somebody has signed in from: they have an allowance of their own, so that who
-- guesses at an account from elsewhere does not lock its owner out.
create table identity.known_addresses (
    account bytea not null,
    address bytea not null,
    seen_at timestamptz not null default now(),
    primary key (account, address)
);

-- Looked up by the beginning of a text, in any case, whatever the collation.
create index customers_email_prefix_idx on identity.customers (lower(email) text_pattern_ops);
create index customers_last_name_prefix_idx on identity.customers (lower(last_name) text_pattern_ops);
create index customers_name_prefix_idx
on identity.customers (lower(first_name || ' ' || last_name) text_pattern_ops);

-- Customers whose last name, full name or e-mail address begins with p_prefix, in lower case; all that
-- begins with it sorts before p_end. The operators compare bytes, and have an index each.
create function identity.customers_like(p_prefix text, p_end text) returns setof bigint
language sql stable as $$
    select id from identity.customers
    where lower(email) ~>=~ p_prefix and lower(email) ~<~ p_end
    union
    select id from identity.customers
    where lower(last_name) ~>=~ p_prefix and lower(last_name) ~<~ p_end
    union
    select id from identity.customers
    where lower(first_name || ' ' || last_name) ~>=~ p_prefix
        and lower(first_name || ' ' || last_name) ~<~ p_end
$$;
create index users_email_prefix_idx on identity.users (lower(email) text_pattern_ops);

-- Counts one attempt for each subject, each of which has a burst that comes back evenly over so
-- many seconds (GCRA). Returns 0, or the seconds to wait: then nothing is counted.
-- +goose StatementBegin
create function identity.attempt(subjects bytea[], bursts integer[], seconds integer[])
returns bigint
language plpgsql as $$
declare
    this_moment timestamptz;
    wait interval;
begin
    perform set_config('synchronous_commit', 'off', true); -- a crash may forget an attempt
    -- An update that changes nothing locks the rows, in one order.
    insert into identity.attempts as kept (subject, full_at)
    select distinct asked.subject, '-infinity'::timestamptz
    from unnest(subjects) as asked (subject)
    order by asked.subject
    on conflict (subject) do update set full_at = kept.full_at;

    this_moment := clock_timestamp();
    select max(
        greatest(kept.full_at, this_moment) - this_moment
        + make_interval(secs => asked.period::double precision / asked.burst - asked.period)
    )
    into wait
    from unnest(subjects, bursts, seconds) as asked (subject, burst, period)
    inner join identity.attempts as kept using (subject);
    if wait > interval '0' then
        return ceil(extract(epoch from wait))::bigint;
    end if;

    update identity.attempts as kept
    set full_at = greatest(kept.full_at, this_moment)
        + make_interval(secs => asked.period::double precision / asked.burst)
    from unnest(subjects, bursts, seconds) as asked (subject, burst, period)
    where kept.subject = asked.subject;

    delete from identity.attempts
    where subject in (
        select subject
        from identity.attempts
        where full_at < this_moment
        limit 3
        for update skip locked
    );
    return 0;
end
$$;
-- +goose StatementEnd

-- What the attempts to sign in to an account from an address are counted under, beside the address.
-- +goose StatementBegin
create function identity.account_subject(of_account bytea, from_address bytea) returns bytea
language sql stable as $$
    select case
        when exists (
            select from identity.known_addresses
            where account = of_account and address = from_address and seen_at > now() - interval '90 days'
        )
        then sha256(of_account || from_address)
        else of_account
    end
$$;
-- +goose StatementEnd

-- Forgets the attempts of an account that somebody has signed in to, and remembers from where.
-- +goose StatementBegin
create function identity.signed_in(to_account bytea, from_address bytea) returns void
language sql as $$
    select set_config('synchronous_commit', 'off', true);
    delete from identity.attempts
    where subject in (to_account, sha256(to_account || from_address));
    delete from identity.known_addresses
    where account = to_account and seen_at < now() - interval '90 days';
    insert into identity.known_addresses as known (account, address)
    values (to_account, from_address)
    on conflict (account, address) do update set seen_at = now()
    where known.seen_at < now() - interval '1 day';
$$;
-- +goose StatementEnd

-- Somebody must be able to grant roles. Whoever takes an operator away waits for the others who do.
-- +goose StatementBegin
create function identity.refuse_last_admin(of_user bigint) returns void
language plpgsql as $$
begin
    perform
    from identity.user_roles
    where role = 'admin'
    order by user_id
    for update;
    if exists (
        select from identity.user_roles where user_id = of_user and role = 'admin'
    ) and not exists (
        select
        from identity.user_roles as granted
        inner join identity.users as account on account.id = granted.user_id
        where granted.role = 'admin' and granted.user_id <> of_user and account.is_active
    ) then
        raise exception 'user % is the last operator', of_user using errcode = 'MC061';
    end if;
end
$$;
-- +goose StatementEnd

-- Gives a user exactly these roles; of_vendor is null without the role vendor.
-- +goose StatementBegin
create function identity.set_roles(of_user bigint, new_roles text[], of_vendor bigint)
returns void
language plpgsql as $$
declare
    buyer bigint;
begin
    if not ('admin' = any (new_roles)) then
        perform identity.refuse_last_admin(of_user);
    end if;
    select customer_id into buyer from identity.users where id = of_user for update;
    if not found then
        raise exception 'no user %', of_user using errcode = 'MC060';
    end if;
    if 'customer' = any (new_roles) and buyer is null then
        raise exception 'user % is no customer', of_user using errcode = 'MC062';
    end if;
    if of_vendor is not null then
        perform from catalog.vendors where id = of_vendor for key share;
        if not found then
            raise exception 'no vendor %', of_vendor using errcode = 'MC063';
        end if;
    end if;
    delete from identity.user_roles
    where user_id = of_user
        and (role <> all (new_roles) or vendor_id is distinct from case role when 'vendor' then of_vendor end);
    insert into identity.user_roles (user_id, role, vendor_id)
    select of_user, asked.role, case asked.role when 'vendor' then of_vendor end
    from unnest(new_roles) as asked (role)
    on conflict (user_id, role) do nothing;
end
$$;
-- +goose StatementEnd

-- Opens or closes an account; closing ends its sessions.
-- +goose StatementBegin
create function identity.set_active(of_user bigint, active boolean) returns void
language plpgsql as $$
begin
    if not active then
        perform identity.refuse_last_admin(of_user);
    end if;
    update identity.users set is_active = active where id = of_user;
    if not found then
        raise exception 'no user %', of_user using errcode = 'MC060';
    end if;
    if not active then
        update identity.refresh_tokens set revoked_at = now() where user_id = of_user and revoked_at is null;
    end if;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function identity.set_active;
drop function identity.set_roles;
drop function identity.refuse_last_admin;
drop function identity.signed_in;
drop function identity.account_subject;
drop function identity.attempt;
drop function identity.customers_like;
drop index identity.users_email_prefix_idx;
drop index identity.customers_name_prefix_idx;
drop index identity.customers_last_name_prefix_idx;
drop index identity.customers_email_prefix_idx;
drop table identity.known_addresses;
drop table identity.attempts;
