-- given clean.categories
select *, true as is_active
from (values
    (1, 'Home', null), (2, 'Kitchen', 1), (3, 'Knives', 2), (4, 'Garden', null), (5, 'Orphan', 99)
) as t (id, name, parent_id)
-- expect
-- A category whose parent is in quarantine stands at the top.
select *, true as is_active
from (values
    (1, 'Home', null, 'Home'), (2, 'Kitchen', 1, 'Home > Kitchen'), (3, 'Knives', 2, 'Home > Kitchen > Knives'),
    (4, 'Garden', null, 'Garden'), (5, 'Orphan', 99, 'Orphan')
) as t (category_id, category_name, parent_id, path)
