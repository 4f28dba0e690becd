-- description: Products, as the catalogue has them now.
-- grain: one row per product
-- key: id
-- version: updated_at
-- reads: raw.products, raw.vendors, raw.categories
-- totals: price, cost, weight_kg
-- column id: Key of the product.
-- column vendor_id: The vendor who sells it.
-- column item_name: Name without spare blanks.
-- column category_id: The category it is in.
-- column brand: Brand; null when there is none.
-- column model: Model; null when there is none.
-- column price: Price of a unit before discount.
-- column cost: What a unit costs the vendor.
-- column currency: ISO 4217 code of price and cost.
-- column weight_kg: Weight of a unit in kilograms.
-- column launch_date: First day on sale.
-- column is_active: False once it is no longer for sale.
-- column created_at: When it entered the catalogue.
-- column updated_at: When the row was last written in the shop.
-- error id_present: id is not null
-- error name_present: item_name is not null
-- error price_not_negative: price >= 0
-- error cost_not_negative: cost >= 0
-- error currency_is_iso: regexp_full_match(currency, '[A-Z]{3}')
-- error vendor_exists: vendor_id in (select v.id from raw.vendors as v)
-- error category_exists: category_id in (select c.id from raw.categories as c)
-- warn sold_above_cost: price >= cost
select
    p.id,
    p.vendor_id,
    nullif(trim(regexp_replace(p.item_name, '\s+', ' ', 'g')), '') as item_name,
    p.category_id,
    nullif(trim(p.brand), '') as brand,
    nullif(trim(p.model), '') as model,
    p.price,
    p.cost,
    upper(trim(p.currency)) as currency,
    p.weight_kg,
    p.launch_date,
    p.is_active,
    p.created_at,
    p.updated_at
from raw.products as p
