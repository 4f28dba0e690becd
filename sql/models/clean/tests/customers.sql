-- given raw.customers
select id, first_name, last_name, email, phone, null::date as birth_date, city, country, joined_at, true as is_active,
    timestamptz '2026-01-01 00:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, '  Ana   Maria ', 'Sousa', ' ANA@Example.ORG ', '+351 (21) 000-1', ' Porto ', 'pt', timestamptz '2026-01-01 00:00:00+00', 1),
    (1, 'Ana', 'Older', 'ana@example.org', '', '', 'PT', timestamptz '2026-01-01 00:00:00+00', 0),
    (2, 'No', 'Address', 'nobody', null, null, null, timestamptz '2026-01-01 00:00:00+00', 0),
    (3, '   ', 'Blank', 'b@c', null, null, 'Portugal', timestamptz '2026-01-01 00:00:00+00', 0),
    (null, 'No', 'Key', 'b@c', null, null, null, timestamptz '2026-01-01 00:00:00+00', 0),
    (4, 'No', ' ', 'b@c', null, null, null, timestamptz '2026-01-01 00:00:00+00', 0),
    (5, 'Far', 'Away', 'b@c', null, null, 'P1', timestamptz '2026-01-01 00:00:00+00', 0),
    (6, 'No', 'Day', 'b@c', null, null, 'PT', null, 0)
) as t (id, first_name, last_name, email, phone, city, country, joined_at, seconds)
-- expect
select
    1 as id, 'Ana Maria' as first_name, 'Sousa' as last_name, 'ana@example.org' as email,
    '+351210001' as phone, null::date as birth_date, 'Porto' as city, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-01-01 00:00:01+00' as updated_at
-- quarantine id
select *
from (values
    (1, 'superseded'), (2, 'email_valid'), (3, 'country_is_iso'), (3, 'name_present'), (null, 'id_present'),
    (4, 'name_present'), (5, 'country_is_iso'), (6, 'joined_at_present')
) as t (id, rule)
