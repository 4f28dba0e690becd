-- Adds $1 customers who cannot sign in. $2 makes their addresses unique.
insert into identity.customers (first_name, last_name, email)
select 'Ana', 'Sousa', 'buyer-' || n || '-' || $2 || '@example.com'
from generate_series(1, $1::integer) as n
returning id;
