select id
from (
    select id, occurred_at, lag(occurred_at) over (order by id) as before from catalog.stock_ledger
) as steps
where occurred_at < before
