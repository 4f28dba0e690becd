-- given clean.vendors
select 1 as id, 'Vendor' as vendor_name, 'PT' as region, timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-01-02 00:00:00+00' as updated_at
-- expect
select 1 as vendor_id, 'Vendor' as vendor_name, 'PT' as region, timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active
