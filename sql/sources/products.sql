-- description: Everything that is or was for sale.
-- split: catalog.products
-- columns: id bigint, vendor_id bigint, sku text, item_name text, description text, category_id bigint,
--     brand text, model text, price numeric(18,2), cost numeric(18,2), currency char,
--     weight_kg numeric(10,3), dimensions text, launch_date date, attributes jsonb,
--     is_active boolean, version bigint, created_at timestamptz, updated_at timestamptz
-- column sku: The vendor's number of it.
-- column description: What the vendor says of it.
-- column dimensions: Size, in the words of the vendor.
-- column attributes: Other things the vendor says of it, a JSON object.
-- column version: Counts the changes of the row.
select p.*
from catalog.products as p
where p.ctid >= current_setting('lake.first')::tid
    and p.ctid < current_setting('lake.end')::tid
