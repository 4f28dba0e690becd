-- given raw.vendors
select id, vendor_name, region, timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-03-01 10:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, ' Anvils   and more ', 'pt ', 1), (1, 'Anvils', 'ES', 0), (null, 'No key', 'PT', 0), (2, '', 'PT', 0), (3, 'Anywhere', 'EU1', 0)
) as t (id, vendor_name, region, seconds)
-- expect
select 1 as id, 'Anvils and more' as vendor_name, 'PT' as region, timestamptz '2026-01-01 00:00:00+00' as joined_at,
    true as is_active, timestamptz '2026-03-01 10:00:01+00' as updated_at
-- quarantine id
select * from (values (1, 'superseded'), (null, 'id_present'), (2, 'name_present'), (3, 'region_is_iso')) as t (id, rule)
