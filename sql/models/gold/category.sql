-- description: Categories, each with its way from the top.
-- grain: one row per category
-- key: category_id
-- reads: clean.categories
-- column category_id: Key of the category.
-- column category_name: Name.
-- column parent_id: The category above; null at the top.
-- column path: Names from the top down, joined by " > ".
-- column is_active: False once the category is closed.
with recursive tree as (
    select
        c.id,
        c.name,
        c.parent_id,
        c.is_active,
        c.name as path
    from clean.categories as c
    where c.parent_id is null or c.parent_id not in (select p.id from clean.categories as p)
    union all
    select
        c.id,
        c.name,
        c.parent_id,
        c.is_active,
        t.path || ' > ' || c.name as path
    from clean.categories as c
    inner join tree as t on t.id = c.parent_id
)

select
    t.id as category_id,
    t.name as category_name,
    t.parent_id,
    t.path,
    t.is_active
from tree as t
