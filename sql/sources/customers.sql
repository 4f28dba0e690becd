-- description: Everybody who has registered.
-- split: identity.customers
-- columns: id bigint, first_name text, last_name text, email text, phone text, birth_date date,
--     city text, country char, joined_at timestamptz, is_active boolean, updated_at timestamptz
-- person: customer id
-- keeps: id, country, joined_at, is_active, updated_at
-- erase first_name: case when regexp_full_match(first_name, '\s*') then first_name else 'Erased' end
-- erase last_name: case when regexp_full_match(last_name, '\s*') then last_name else 'Customer' end
-- erase email: case when regexp_full_match(trim(email), '[^@\s]+@[^@\s]+')
--     then 'erased-' || id || '@erased.invalid' else 'erased-' || id end
-- erase phone: null
-- erase birth_date: null
-- erase city: null
select c.*
from identity.customers as c
where c.ctid >= current_setting('lake.first')::tid
    and c.ctid < current_setting('lake.end')::tid
