-- given raw.customers
select *
from (values
    (1, '  Ana   Maria ', 'Sousa', ' ANA@Example.ORG ', '+351 (21) 000-1', null::date, ' Porto ', 'pt',
        timestamptz '2026-01-01 00:00:00+00', true, timestamptz '2026-01-02 00:00:00+00'),
    (1, 'Ana', 'Older', 'ana@example.org', '', null, '', 'PT',
        timestamptz '2026-01-01 00:00:00+00', true, timestamptz '2026-01-01 00:00:00+00'),
    (2, 'No', 'Address', 'nobody', null, null, null, null,
        timestamptz '2026-01-01 00:00:00+00', true, timestamptz '2026-01-01 00:00:00+00'),
    (3, '   ', 'Blank', 'b@c', null, null, null, 'Portugal',
        timestamptz '2026-01-01 00:00:00+00', true, timestamptz '2026-01-01 00:00:00+00')
) as t (id, first_name, last_name, email, phone, birth_date, city, country, joined_at, is_active, updated_at)
-- expect
select
    1 as id, 'Ana Maria' as first_name, 'Sousa' as last_name, 'ana@example.org' as email,
    '+351210001' as phone, null::date as birth_date, 'Porto' as city, 'PT' as country,
    timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-01-02 00:00:00+00' as updated_at
-- quarantine id
select *
from (values
    (1, 'superseded'), (2, 'email_valid'), (3, 'country_is_iso'), (3, 'name_present')
) as t (id, rule)
