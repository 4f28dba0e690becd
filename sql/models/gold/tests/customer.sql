-- given work.customers
select 1 as id, 'A.' as first_name, 'S.' as last_name, 'hash' as email, null::varchar as city, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at, false as is_active, timestamptz '2026-01-02 00:00:00+00' as updated_at
-- expect
select 1 as customer_id, 'A.' as first_name, 'S.' as last_name, 'hash' as email, null as city, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at, false as is_active
