-- A tree of categories for an empty catalogue: $1 roots, each with $2 branches, each with $3
-- leaves, numbered from 1 in that order.
with tree as (
    select
        n,
        case
            when n <= $1::integer then null
            when n <= $1::integer + $1::integer * $2::integer then 1 + (n - $1::integer - 1) / $2::integer
            else
                1 + $1::integer
                + (n - $1::integer - $1::integer * $2::integer - 1) / $3::integer
        end as parent
    from generate_series(1, $1::integer * (1 + $2::integer * (1 + $3::integer))) as n
)

insert into catalog.categories (name, parent_id)
select 'Category ' || n, parent
from tree
order by n;
