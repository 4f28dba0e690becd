-- description: Customers, with names, addresses and numbers in one spelling.
-- grain: one row per customer
-- key: id
-- version: updated_at
-- reads: raw.customers
-- column id: Key of the customer.
-- column first_name: First name without spare blanks. Personal: leaves this zone as its initial.
-- column last_name: Last name without spare blanks. Personal: leaves this zone as its initial.
-- column email: E-mail address in lower case. Personal: leaves this zone as a keyed hash.
-- column phone: Digits, and a plus in front of an international number. Personal: stays in this zone.
-- column birth_date: Date of birth. Personal: stays in this zone.
-- column city: City, as given.
-- column country: ISO 3166 code of the country.
-- column joined_at: When the customer registered.
-- column is_active: False once the account is closed.
-- column updated_at: When the row was last written in the shop.
-- person: customer id
-- keeps: id, country, joined_at, is_active, updated_at
-- erase first_name: 'Erased'
-- erase last_name: 'Customer'
-- erase email: case when regexp_full_match(trim(email), '[^@\s]+@[^@\s]+')
--     then 'erased-' || id || '@erased.invalid' else 'erased-' || id end
-- erase phone: null
-- erase birth_date: null
-- erase city: null
-- error id_present: id is not null
-- error name_present: first_name is not null and last_name is not null
-- error email_valid: regexp_full_match(email, '[^@\s]+@[^@\s]+')
-- error country_is_iso: country is null or regexp_full_match(country, '[A-Z]{2}')
-- error joined_at_present: joined_at is not null
-- warn country_known: country is not null
select
    c.id,
    nullif(trim(regexp_replace(c.first_name, '\s+', ' ', 'g')), '') as first_name,
    nullif(trim(regexp_replace(c.last_name, '\s+', ' ', 'g')), '') as last_name,
    lower(trim(c.email)) as email,
    nullif(regexp_replace(c.phone, '[^0-9+]', '', 'g'), '') as phone,
    c.birth_date,
    nullif(trim(c.city), '') as city,
    nullif(upper(trim(c.country)), '') as country,
    c.joined_at,
    c.is_active,
    c.updated_at
from raw.customers as c
