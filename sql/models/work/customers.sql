-- description: Customers without what tells who they are.
-- grain: one row per customer
-- key: id
-- reads: clean.customers
-- column id: Key of the customer.
-- column first_name: Initial of the first name.
-- column last_name: Initial of the last name.
-- column email: Keyed hash of the e-mail address: the same for the same address, and no way back.
-- column city: City.
-- column country: ISO 3166 code of the country.
-- column joined_at: When the customer registered.
-- column is_active: False once the account is closed.
-- column updated_at: When the row was last written in the shop.
-- person: customer id
-- keeps: id, country, joined_at, is_active, updated_at
-- erase first_name: 'E.'
-- erase last_name: 'C.'
-- erase email: mask_email('erased-' || id || '@erased.invalid')
-- erase city: null
select
    c.id,
    upper(left(c.first_name, 1)) || '.' as first_name,
    upper(left(c.last_name, 1)) || '.' as last_name,
    mask_email(c.email) as email,
    c.city,
    c.country,
    c.joined_at,
    c.is_active,
    c.updated_at
from clean.customers as c
