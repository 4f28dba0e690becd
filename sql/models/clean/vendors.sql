-- description: Vendors of the marketplace.
-- grain: one row per vendor
-- key: id
-- version: updated_at
-- reads: raw.vendors
-- column id: Key of the vendor.
-- column vendor_name: Name without spare blanks.
-- column region: ISO 3166 code of the vendor's country.
-- column joined_at: When the vendor joined.
-- column is_active: False once the vendor has left.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error name_present: vendor_name is not null
-- error region_is_iso: regexp_full_match(region, '[A-Z]{2}')
select
    v.id,
    nullif(trim(regexp_replace(v.vendor_name, '\s+', ' ', 'g')), '') as vendor_name,
    upper(trim(v.region)) as region,
    v.joined_at,
    v.is_active,
    v.updated_at
from raw.vendors as v
