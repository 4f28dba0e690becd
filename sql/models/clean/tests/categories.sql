-- given raw.categories
select id, name, parent_id, ' Text ' as description, true as is_active,
    timestamptz '2026-03-01 00:00:00+00' + seconds * interval 1 second as updated_at
from (values
    (1, ' Home  and   garden ', null, 1), (1, 'Home', null, 0), (2, 'Kitchen', 1, 0),
    (null, 'No key', 1, 0), (3, '   ', 1, 0), (4, 'Orphan', 99, 0)
) as t (id, name, parent_id, seconds)
-- expect
select id, name, parent_id, 'Text' as description, true as is_active, updated_at
from (values
    (1, 'Home and garden', null, timestamptz '2026-03-01 00:00:01+00'), (2, 'Kitchen', 1, timestamptz '2026-03-01 00:00:00+00')
) as t (id, name, parent_id, updated_at)
-- quarantine id
select * from (values (1, 'superseded'), (null, 'id_present'), (3, 'name_present'), (4, 'parent_exists')) as t (id, rule)
