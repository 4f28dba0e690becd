-- description: Vendors of the marketplace.
-- grain: one row per vendor
-- key: vendor_id
-- reads: clean.vendors
-- column vendor_id: Key of the vendor.
-- column vendor_name: Name.
-- column region: ISO 3166 code of the vendor's country.
-- column joined_at: When the vendor joined.
-- column is_active: False once the vendor has left.
select
    v.id as vendor_id,
    v.vendor_name,
    v.region,
    v.joined_at,
    v.is_active
from clean.vendors as v
