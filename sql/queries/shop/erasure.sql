-- name: RefuseErasure :exec
select identity.refuse_erasure(sqlc.arg(customer_id)::bigint);

-- name: EmailToErase :one
select email
from identity.customers
where id = sqlc.arg(customer_id)
for update;

-- name: EraseCustomer :exec
select identity.erase_customer(sqlc.arg(customer_id)::bigint, sqlc.arg(accounts)::bytea[]);

-- name: RenewStatistics :exec
select identity.renew_statistics();

-- name: OrdersOfErased :many
select id
from ordering.orders
where customer_id = sqlc.arg(customer_id)
order by id;

-- name: PlanErasedPart :exec
-- What is about to be written in place of a part.
insert into etl.erased_parts (customer_id, zone, key, was_sha256, sha256, size, rows)
values (
    sqlc.arg(customer_id), sqlc.arg(zone), sqlc.arg(key), sqlc.arg(was_sha256), sqlc.arg(sha256), sqlc.arg(size),
    sqlc.arg(rows)
)
on conflict (customer_id, zone, key) do update
set was_sha256 = excluded.was_sha256, sha256 = excluded.sha256, size = excluded.size, rows = excluded.rows;

-- name: ErasedParts :many
select zone, key, was_sha256, sha256, size, rows
from etl.erased_parts
where customer_id = sqlc.arg(customer_id);

-- name: PlanErasedContent :exec
insert into etl.erased_contents (customer_id, table_name, was, content)
values (sqlc.arg(customer_id), sqlc.arg(table_name), sqlc.arg(was), sqlc.arg(content))
on conflict (customer_id, table_name, was) do update
set content = excluded.content;

-- name: ErasedContents :many
select table_name, was, content
from etl.erased_contents
where customer_id = sqlc.arg(customer_id);

-- name: LookedFor :one
-- What an erasure must not find in the end, null where nothing was left to erase; and whether it is somebody else's
-- address by now.
select
    looked_for,
    exists (
        select from identity.customers
        where id <> erasures.customer_id and lower(email) = looked_for->>'email'
    ) as shared
from etl.erasures
where customer_id = sqlc.arg(customer_id);

-- name: FindText :many
-- Where in the columns of text of this database, whichever that is, something is written, in any case, and matches a
-- pattern: the table and its column, and in how many rows. Patterns are those of the wanted, in their order.
select
    f.place,
    f.wanted,
    f.pattern,
    f.rows_found
from (
    select
        (n.nspname || '.' || c.relname || '.' || a.attname)::text as place,
        w.wanted::text as wanted,
        w.pattern::text as pattern,
        (
            xpath(
                '/row/found/text()',
                query_to_xml(
                    format(
                        'select count(*) as found from %1$I.%2$I as t '
                        'where strpos(lower(t.%3$I::text), %4$L) > 0 and lower(t.%3$I::text) ~ %5$L',
                        n.nspname, c.relname, a.attname, w.wanted, w.pattern
                    ),
                    false, true, ''
                )
            )
        )[1]::text::bigint as rows_found
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    cross join (
        select
            unnest(sqlc.arg(wanted)::text[]) as wanted,
            unnest(sqlc.arg(patterns)::text[]) as pattern
    ) as w
    where c.relkind in ('r', 'm')
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and (n.nspname, c.relname) <> ('etl', 'erasures')
        and (
            t.typcategory = 'S'
            or t.typname in ('json', 'jsonb', 'xml', 'tsvector', '_text', '_varchar', '_bpchar', '_json', '_jsonb')
        )
) as f
where f.rows_found > 0
order by f.place, f.wanted;

-- name: HalfErased :one
-- Whether the shop has forgotten the customer and the lake has not.
select exists (
    select from etl.erasures
    where customer_id = sqlc.arg(customer_id) and ended_at is null
);

-- name: EndErasure :exec
-- Forgets what the erasure has kept, once nothing is left: what to look for, and what parts were, for manifests that
-- could not be read and are restored.
with parts as (
    delete from etl.erased_parts
    where erased_parts.customer_id = sqlc.arg(customer_id) and sqlc.arg(complete)::boolean
),

contents as (
    delete from etl.erased_contents
    where erased_contents.customer_id = sqlc.arg(customer_id) and sqlc.arg(complete)::boolean
)

update etl.erasures
set looked_for = case when not sqlc.arg(complete)::boolean then looked_for end, ended_at = now()
where erasures.customer_id = sqlc.arg(customer_id);
