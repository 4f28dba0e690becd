-- Has each of the customers $1 put two of the products $2 in their cart that are $4 apart, by
-- the function that the API calls. $3 is how many had carts before, so that all products have their
-- turn.
select buyer.id
from unnest($1::bigint[]) with ordinality as buyer (id, n)
where ordering.put_cart_item(
        buyer.id, gen_random_uuid(), ($2::bigint[])[1 + (buyer.n + $3) % cardinality($2::bigint[])],
        1, interval '2 hours'
    ) is not null
    and ordering.put_cart_item(
        buyer.id, gen_random_uuid(), ($2::bigint[])[1 + (buyer.n + $3 + $4) % cardinality($2::bigint[])],
        1, interval '2 hours'
    ) is not null;
