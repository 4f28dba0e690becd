-- +goose Up
-- Whether anything of a stocked product can be sold now: an expired hold is free stock, whether or
-- not anybody has released it yet.
create function catalog.is_available(p_product_id bigint) returns boolean
language sql stable as $$
    select
        stock.on_hand > stock.reserved
        or exists (
            select
            from catalog.holds as hold
            where hold.product_id = stock.product_id and hold.expires_at <= now()
        )
    from catalog.stock as stock
    where stock.product_id = p_product_id
$$;

-- A page of products in order, after p_after_id and what else the order counts. A null filter is
-- no filter; a category is meant with all below it. p_sort is newest, oldest, price, -price, name,
-- -name or, with a query, relevance: what fits as it is written, or where nothing does, what fits with
-- its words corrected. Relevance ranks the first thousand that fit.
--
-- The statement is put together from the filters that are given, and planned for them: one
-- statement for all would be planned for none. Values are parameters and never part of it.
--
-- Whichever filters there are, one equality comes first in an index that is read in order. Where that is
-- the category, each category of the subtree is read in order and the page is merged from their
-- beginnings. What can be sold is looked up last, of one product after the other until the page is
-- full. A sequential scan is never better for one page, however the statistics look. Where words alone
-- say what fits, the shelf is an expression: its index would be read whole to confirm a few rows.
-- +goose StatementBegin
create function catalog.list_products(
    p_shelves smallint[],
    p_available boolean,
    p_query text,
    p_category_id bigint,
    p_vendor_id bigint,
    p_brand text,
    p_price_from numeric,
    p_price_to numeric,
    p_sort text,
    p_after_id bigint,
    p_after_price numeric,
    p_after_name text,
    p_after_score real,
    p_limit integer
) returns table (id bigint, score real)
language plpgsql stable rows 20
set enable_seqscan = off
set jit = off as $$
declare
    query tsquery;
    categories bigint[] := case
        when p_category_id is not null then array(select catalog.subtree(p_category_id))
    end;
    merged boolean := cardinality(categories) > 1
        and p_query is null and p_vendor_id is null and p_brand is null;
    worded boolean := p_query is not null
        and p_category_id is null and p_vendor_id is null and p_brand is null;
    filters text := concat(
        case when worded then 'item.shelf + 0 = shelf.id' else 'item.shelf = shelf.id' end,
        case
            when p_category_id is null then ''
            when merged then ' and item.category_id = branch.id'
            when cardinality(categories) = 1 then ' and item.category_id = ($3)[1]'
            else ' and item.category_id = any($3)'
        end,
        case when p_vendor_id is not null then ' and item.vendor_id = $4' end,
        case when p_brand is not null then ' and item.brand = $5' end,
        case when p_price_from is not null then ' and item.price >= $6' end,
        case when p_price_to is not null then ' and item.price <= $7' end,
        case when p_query is not null then ' and item.document @@ $2' end
    );
    places text := case when merged then 'unnest($1) as shelf (id) cross join unnest($3) as branch (id)'
        else 'unnest($1) as shelf (id)' end;
    direction text := case when p_sort in ('newest', '-price', '-name') then 'desc' else 'asc' end;
    beyond text := case when direction = 'desc' then '<' else '>' end;
    keys text;
    place text;
    rest text;
    statement text;
    candidate record;
    size integer := p_limit + 10;
    seen integer;
    missing integer := p_limit;
    begins boolean := p_after_id is null;
    corrected boolean := false;
begin
    if p_query is not null then
        query := catalog.search_query(p_query, false);
        if query is null then
            return;
        end if;
        if not begins then
            -- As the pages before: they were of corrected words when nothing fits as it is written.
            execute format(
                'select not exists (
                    select
                    from %s
                    cross join lateral (
                        select
                        from catalog.product_index as item
                        where %s and (not $8 or catalog.is_available(item.product_id))
                        limit 1
                    ) as found
                )',
                places, filters
            )
            into strict corrected
            using p_shelves, query, categories, p_vendor_id, p_brand, p_price_from, p_price_to, p_available;
            if corrected then
                query := catalog.search_query(p_query, true);
            end if;
        end if;
    end if;
    case
        when p_sort = 'relevance' then
            rest := 'where (ranked.score, ranked.product_id) < ($11, $8)';
            statement := format(
                'select ranked.product_id, null::numeric as price, null::text as item_name, ranked.score
                from (
                    select found.product_id, ts_rank(found.document, $2, 1) as score
                    from %s
                    cross join lateral (
                        select item.product_id, item.document
                        from catalog.product_index as item
                        where %s
                        limit 1000
                    ) as found
                    limit 1000
                ) as ranked
                %%s
                order by ranked.score desc, ranked.product_id desc
                limit $12',
                places, filters
            );
        when p_sort in ('newest', 'oldest') then
            keys := 'item.product_id, null::numeric as price, null::text as item_name';
            place := format('product_id %s', direction);
            rest := format('and item.product_id %s $8', beyond);
        when p_sort in ('price', '-price') then
            keys := 'item.product_id, item.price, null::text as item_name';
            place := format('price %1$s, product_id %1$s', direction);
            rest := format('and (item.price, item.product_id) %s ($9, $8)', beyond);
        when p_sort in ('name', '-name') then
            keys := 'item.product_id, null::numeric as price, item.item_name';
            place := format('item_name %1$s, product_id %1$s', direction);
            rest := format('and (item.item_name, item.product_id) %s ($10, $8)', beyond);
            if p_query is not null then
                -- Products of one word stand together by name: in that order, the wrong ones come
                -- first. An expression keeps the index of names out of it.
                keys := replace(keys, 'item.item_name', 'item.item_name || '''' as item_name');
                rest := replace(rest, 'item.item_name', 'item.item_name || ''''');
            end if;
    end case;
    statement := coalesce(statement, format(
        'select found.*, 0::real as score
        from %1$s
        cross join lateral (
            select %2$s
            from catalog.product_index as item
            where %3$s %%s
            order by %4$s
            limit $12
        ) as found
        order by %4$s
        limit $12',
        places,
        keys,
        case when p_sort in ('name', '-name') then filters
            -- Perhaps in order until enough have the words.
            else replace(filters, 'item.shelf + 0', 'item.shelf') end,
        place
    ));
    loop
        seen := 0;
        for candidate in execute
            format(statement, case when p_after_id is not null then rest end)
            using p_shelves, query, categories, p_vendor_id, p_brand, p_price_from, p_price_to,
                p_after_id, p_after_price, p_after_name, p_after_score, size
        loop
            seen := seen + 1;
            p_after_id := candidate.product_id;
            p_after_price := candidate.price;
            p_after_name := candidate.item_name;
            p_after_score := candidate.score;
            if not p_available or catalog.is_available(candidate.product_id) then
                id := candidate.product_id;
                score := candidate.score;
                return next;
                missing := missing - 1;
                if missing = 0 then
                    return;
                end if;
            end if;
        end loop;
        if seen = size then
            size := least(2 * size, 1000);
        elsif p_query is not null and begins and missing = p_limit and not corrected then
            corrected := true;
            query := catalog.search_query(p_query, true);
            size := p_limit + 10;
            p_after_id := null;
        else
            return;
        end if;
    end loop;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function catalog.list_products;
drop function catalog.is_available;
