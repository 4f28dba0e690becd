-- description: The tree of categories.
-- columns: id bigint, name text, parent_id bigint, description text, is_active boolean,
--     version bigint, updated_at timestamptz
-- column version: Counts the changes of the row.
select c.*
from catalog.categories as c
