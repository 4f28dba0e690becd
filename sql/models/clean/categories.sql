-- description: The tree of categories.
-- grain: one row per category
-- key: id
-- version: updated_at
-- reads: raw.categories
-- column id: Key of the category.
-- column name: Name without spare blanks.
-- column parent_id: The category above; null at the top.
-- column description: Text for customers.
-- column is_active: False once the category is closed.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error name_present: name is not null
-- error parent_exists: parent_id is null or parent_id in (select p.id from raw.categories as p)
select
    c.id,
    nullif(trim(regexp_replace(c.name, '\s+', ' ', 'g')), '') as name,
    c.parent_id,
    trim(c.description) as description,
    c.is_active,
    c.updated_at
from raw.categories as c
