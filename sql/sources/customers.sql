-- description: Everybody who has registered.
-- columns: id bigint, first_name text, last_name text, email text, phone text, birth_date date,
--     city text, country char, joined_at timestamptz, is_active boolean, updated_at timestamptz
select c.*
from identity.customers as c
