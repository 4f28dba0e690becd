-- description: Everybody who has registered.
-- split: identity.customers
-- columns: id bigint, first_name text, last_name text, email text, phone text, birth_date date,
--     city text, country char, joined_at timestamptz, is_active boolean, updated_at timestamptz
select c.*
from identity.customers as c
where c.ctid >= current_setting('lake.first')::tid
    and c.ctid < current_setting('lake.end')::tid
