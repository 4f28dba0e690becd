-- description: Everybody who sells.
-- columns: id bigint, vendor_name text, region char, joined_at timestamptz, is_active boolean,
--     version bigint, updated_at timestamptz
-- column version: Counts the changes of the row.
select v.*
from catalog.vendors as v
