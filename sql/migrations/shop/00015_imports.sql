-- +goose Up
-- Imports of products from CSV. The file is kept in parts until its import has ended; position says
-- how many bytes of it have been taken, in the transaction that takes them: an import goes on where it
-- was, and takes no row twice.
--
-- While its file is received an import is nobody's business: it is listed nowhere, and it is taken away
-- when its sender dies. updated_at is when its last part came, or its last rows were taken.
create table catalog.imports (
    id uuid primary key,
    vendor_id bigint references catalog.vendors (id), -- null: rows name their vendor
    dry_run boolean not null,
    state text not null default 'receiving' check (
        state in ('receiving', 'queued', 'running', 'succeeded', 'failed')
    ),
    error text,
    bytes bigint not null default 0 check (bytes >= 0),
    position bigint not null default 0 check (position between 0 and bytes),
    line bigint not null default 1, -- of the file, at position
    rows_read bigint not null default 0,
    rows_created bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_rejected bigint not null default 0,
    problems_found bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    finished_at timestamptz,
    check ((state in ('succeeded', 'failed')) = (finished_at is not null)),
    check (rows_read = rows_created + rows_updated + rows_rejected)
);
create index imports_vendor_idx on catalog.imports (vendor_id, id);
create index imports_unfinished_idx on catalog.imports (id) where state in ('receiving', 'queued', 'running');
create index imports_finished_idx on catalog.imports (finished_at) where finished_at is not null;

create table catalog.import_parts (
    import_id uuid not null references catalog.imports (id) on delete cascade,
    start bigint not null,
    content bytea not null,
    primary key (import_id, start)
);

-- What is wrong with rows: never what was in them. One row for each batch that had bad ones, whose
-- problems are {"line", "field", "message"} in that order: they repeat themselves, and a file of half a
-- million bad lines takes little more room compressed than it took itself.
create table catalog.import_problems (
    import_id uuid not null references catalog.imports (id) on delete cascade,
    last_line bigint not null, -- that has a problem
    problem_count bigint not null, -- of problems, which are not unpacked to count them
    problems jsonb not null,
    primary key (import_id, last_line)
);

-- The products that rows of a running import were about, to find the second row of one.
create table catalog.import_keys (
    import_id uuid not null references catalog.imports (id) on delete cascade,
    vendor_id bigint not null,
    sku text not null,
    line bigint not null,
    primary key (import_id, vendor_id, sku)
);

-- Makes room for a file to be received. An owner (a vendor; null: the operators) has at most p_most
-- imports that have not ended: MC071.
-- +goose StatementBegin
create function catalog.begin_import(
    p_id uuid, p_vendor_id bigint, p_dry_run boolean, p_most bigint
) returns void
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1768778866, coalesce(p_vendor_id, 0)::integer);
    perform 1
    from catalog.imports
    where vendor_id is not distinct from p_vendor_id and state in ('receiving', 'queued', 'running')
    having count(*) >= p_most;
    if found then
        raise exception 'there are % imports that have not ended', p_most using errcode = 'MC071';
    end if;
    insert into catalog.imports (id, vendor_id, dry_run)
    values (p_id, p_vendor_id, p_dry_run);
end
$$;
-- +goose StatementEnd

-- Takes a batch of rows, once: a batch that does not begin at the import's position changes nothing.
-- A row is {"line", "vendor_id", "sku", …} with the columns that the file has; errors are what was found
-- wrong before, as {"line", "field", "message"}.
-- +goose StatementBegin
create function catalog.import_batch(
    p_import_id uuid, p_from bigint, p_to bigint, p_line bigint, p_rows jsonb, p_errors jsonb
) returns void
language plpgsql as $$
declare
    import catalog.imports;
    problems bigint;
    rejected bigint;
    created bigint;
    updated bigint;
begin
    select * into import from catalog.imports where id = p_import_id for update;
    if not found or import.position <> p_from or import.state not in ('queued', 'running') then
        return;
    end if;

    create temporary table batch on commit drop as
    select
        row.*,
        category.id as known_category_id,
        vendor.id as known_vendor_id,
        product.id as product_id
    from jsonb_to_recordset(p_rows) as row (
        line bigint, vendor_id bigint, sku text, item_name text, description text, category_id bigint,
        category text, brand text, model text, price numeric, cost numeric, stock bigint,
        weight_kg numeric, dimensions text, launch_date date, attributes jsonb, is_active boolean,
        sent jsonb
    )
    left join catalog.vendors as vendor on vendor.id = row.vendor_id
    left join catalog.categories as category
        on category.id = row.category_id or (row.category_id is null and category.name = row.category)
    left join catalog.products as product
        on product.vendor_id = row.vendor_id and product.sku = row.sku;

    create temporary table wrong on commit drop as
    select line, field, message
    from jsonb_to_recordset(p_errors) as error (line bigint, field text, message text)
    union
    select line, 'vendor_id', 'no such vendor'
    from batch
    where known_vendor_id is null
    union
    select line, case when category_id is null then 'category' else 'category_id' end, 'no such category'
    from batch
    where known_category_id is null and (category is not null or category_id is not null)
    union
    select line, missing.field, 'a new product needs it'
    from batch
    cross join lateral (
        values ('item_name', item_name is null), ('category', known_category_id is null and category is null and category_id is null),
        ('price', price is null), ('cost', cost is null)
    ) as missing (field, yes)
    where product_id is null and missing.yes;

    -- The first row of a product counts; rows that are refused for something else do not.
    with first_rows as (
        insert into catalog.import_keys (import_id, vendor_id, sku, line)
        select p_import_id, vendor_id, sku, min(line)
        from batch
        where line not in (select wrong.line from wrong)
        group by vendor_id, sku
        on conflict do nothing
        returning vendor_id, sku, line
    )

    insert into wrong (line, field, message)
    select batch.line, 'sku', 'a line before has it'
    from batch
    left join first_rows on first_rows.line = batch.line
    where first_rows.line is null
        and batch.line not in (select wrong.line from wrong);

    delete from batch
    where line in (select wrong.line from wrong);

    select count(*), count(distinct line) into problems, rejected from wrong;
    insert into catalog.import_problems (import_id, last_line, problem_count, problems)
    select
        p_import_id, max(line), count(*),
        jsonb_agg(jsonb_build_object('line', line, 'field', field, 'message', message) order by line, field, message)
    from wrong
    having count(*) > 0;

    if import.dry_run then
        select count(*) filter (where product_id is null), count(*) filter (where product_id is not null)
        into created, updated
        from batch;
    else
        with written as (
            insert into catalog.products as product (
                vendor_id, sku, item_name, description, category_id, brand, model, price, cost,
                weight_kg, dimensions, launch_date, attributes, is_active
            )
            select
                vendor_id, sku, item_name, coalesce(description, ''), known_category_id,
                coalesce(brand, ''), coalesce(model, ''), price, cost, weight_kg, dimensions, launch_date,
                coalesce(attributes, '{}'), coalesce(is_active, true)
            from batch
            where product_id is null
            order by vendor_id, sku
            on conflict (vendor_id, sku) do nothing
            returning id, vendor_id, sku
        ),

        balances as (
            insert into catalog.stock (product_id, on_hand)
            select written.id, coalesce(batch.stock, 0)
            from written
            inner join batch using (vendor_id, sku)
            returning product_id, on_hand
        ),

        ledger as (
            insert into catalog.stock_ledger (
                product_id, kind, on_hand_delta, reserved_delta, reason, reference_type, reference_id
            )
            select product_id, 'initial', on_hand, 0, 'initial', 'import', p_import_id::text
            from balances
            where on_hand > 0
        )

        select count(*) into created from written;

        -- Of products that were there, those included that somebody has made in between.
        with locked as (
            select product.id, batch.*
            from catalog.products as product
            inner join batch using (vendor_id, sku)
            where batch.product_id is not null or product.xmin <> pg_current_xact_id()::xid
            order by product.id
            for no key update of product
        ),

        changed as (
            update catalog.products as product
            set
                item_name = coalesce(locked.item_name, product.item_name),
                description = case when locked.sent ? 'description' then coalesce(locked.description, '') else product.description end,
                category_id = coalesce(locked.known_category_id, product.category_id),
                brand = case when locked.sent ? 'brand' then coalesce(locked.brand, '') else product.brand end,
                model = case when locked.sent ? 'model' then coalesce(locked.model, '') else product.model end,
                price = coalesce(locked.price, product.price),
                cost = coalesce(locked.cost, product.cost),
                weight_kg = case when locked.sent ? 'weight_kg' then locked.weight_kg else product.weight_kg end,
                dimensions = case when locked.sent ? 'dimensions' then locked.dimensions else product.dimensions end,
                launch_date = case when locked.sent ? 'launch_date' then locked.launch_date else product.launch_date end,
                attributes = coalesce(locked.attributes, product.attributes),
                is_active = coalesce(locked.is_active, product.is_active),
                version = product.version + 1,
                updated_at = now()
            from locked
            where product.id = locked.id
            returning product.id
        )

        select count(*) into updated from changed;
    end if;

    update catalog.imports
    set
        state = 'running',
        position = p_to,
        line = p_line,
        rows_read = rows_read + created + updated + rejected,
        rows_created = rows_created + created,
        rows_updated = rows_updated + updated,
        rows_rejected = rows_rejected + rejected,
        problems_found = problems_found + problems,
        updated_at = now()
    where id = p_import_id;
    drop table batch, wrong;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function catalog.import_batch;
drop function catalog.begin_import;
drop table catalog.import_keys;
drop table catalog.import_problems;
drop table catalog.import_parts;
drop table catalog.imports;
