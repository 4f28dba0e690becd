-- The indexes of the catalogue that no constraint needs, with what makes them again.
select
    index.indexrelid::regclass::text as name,
    pg_get_indexdef(index.indexrelid) as definition
from pg_index as index
where index.indrelid = any(
        array['catalog.products', 'catalog.product_index', 'catalog.stock_ledger']::regclass[]
    )
    and not exists (select from pg_constraint where conindid = index.indexrelid)
order by pg_get_indexdef(index.indexrelid) not like '%gin%', name;
