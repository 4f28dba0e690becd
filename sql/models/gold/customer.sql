-- description: Customers, without what tells who they are.
-- grain: one row per customer
-- key: customer_id
-- reads: work.customers
-- column customer_id: Key of the customer.
-- column first_name: Initial of the first name.
-- column last_name: Initial of the last name.
-- column email: Keyed hash of the e-mail address.
-- column city: City.
-- column country: ISO 3166 code of the country.
-- column joined_at: When the customer registered.
-- column is_active: False once the account is closed.
-- person: customer customer_id
-- keeps: customer_id, country, joined_at, is_active
-- erase first_name: 'E.'
-- erase last_name: 'C.'
-- erase email: mask_email('erased-' || customer_id || '@erased.invalid')
-- erase city: null
select
    c.id as customer_id,
    c.first_name,
    c.last_name,
    c.email,
    c.city,
    c.country,
    c.joined_at,
    c.is_active
from work.customers as c
