-- description: Everybody who sells.
-- columns: id bigint, vendor_name text, region char, joined_at timestamptz, is_active boolean,
--     version bigint, updated_at timestamptz
select v.*
from catalog.vendors as v
