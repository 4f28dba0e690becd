-- Stocks the products from $1 to $2, all but one in nineteen.
with balances as (
    insert into catalog.stock (product_id, on_hand)
    select id, case when id % 19 = 0 then 0 else 100 end
    from catalog.products
    where id between $1::bigint and $2::bigint
    order by id
)

insert into catalog.stock_ledger (
    product_id, kind, on_hand_delta, reserved_delta, reason, reference_type
)
select id, 'initial', 100, 0, 'initial', 'inventory'
from catalog.products
where id between $1::bigint and $2::bigint and id % 19 <> 0
order by id;
