-- 1 is unchanged, 2 moves, 3 moves back, 4 leaves, 5 is new and was written since it registered, 6 is
-- in no copy any more, 7 is written again without a later time. Of what happened between two
-- copies only the last is seen.
-- given published.customer_history
select t.*, 'A.' as first_name, 'B.' as last_name, 'hash' as email, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at
from (values
    (1::bigint, timestamptz '2026-01-01 00:00:00+00', null::timestamptz, 'Porto', true),
    (2, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (3, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00', 'Porto', true),
    (3, timestamptz '2026-02-01 00:00:00+00', null, 'Faro', true),
    (4, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (6, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (7, timestamptz '2026-02-01 00:00:00+00', null, 'Porto', true)
) as t (customer_id, valid_from, valid_to, city, is_active)
-- given work.customers
select t.*, 'A.' as first_name, 'B.' as last_name, 'hash' as email, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at
from (values
    (1::bigint, 'Porto', true, timestamptz '2026-03-01 00:00:00+00'),
    (2, 'Faro', true, timestamptz '2026-03-01 00:00:00+00'),
    (3, 'Porto', true, timestamptz '2026-03-01 00:00:00+00'),
    (4, 'Porto', false, timestamptz '2026-03-01 00:00:00+00'),
    (5, 'Porto', true, timestamptz '2026-03-01 00:00:00+00'),
    (7, 'Faro', true, timestamptz '2026-01-15 00:00:00+00')
) as t (id, city, is_active, updated_at)
-- expect
select t.customer_id, t.valid_from, t.valid_to, 'A.' as first_name, 'B.' as last_name, 'hash' as email, t.city,
    'PT' as country, timestamptz '2026-01-01 00:00:00+00' as joined_at, t.is_active
from (values
    (1, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (2, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 'Porto', true),
    (2, timestamptz '2026-03-01 00:00:00+00', null, 'Faro', true),
    (3, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00', 'Porto', true),
    (3, timestamptz '2026-02-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 'Faro', true),
    (3, timestamptz '2026-03-01 00:00:00+00', null, 'Porto', true),
    (4, timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-03-01 00:00:00+00', 'Porto', true),
    (4, timestamptz '2026-03-01 00:00:00+00', null, 'Porto', false),
    (5, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (6, timestamptz '2026-01-01 00:00:00+00', null, 'Porto', true),
    (7, timestamptz '2026-02-01 00:00:00+00', null, 'Faro', true)
) as t (customer_id, valid_from, valid_to, city, is_active)
