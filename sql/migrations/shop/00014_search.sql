-- +goose Up
-- How products are found: one narrow row for each, written by triggers, with an index for every
-- way of listing, and the words that a misspelt query may have meant.
--
-- Both extensions are trusted: the owner of the database may create them.
create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- Words as they are written, without accents: names are of no one language.
create text search configuration catalog.names (copy = pg_catalog.simple);
alter text search configuration catalog.names
alter mapping for hword, hword_part, word with unaccent, simple;

create index vendors_name_search_idx on catalog.vendors
using gin (to_tsvector('catalog.names', vendor_name));

-- What lists and searches look at. Each trigger writes columns of its own, so that a change of a
-- product and one of its stock do not overwrite each other. stocked says that there are units on the
-- shelf; whether carts have reserved all of them is looked up when a row is about to be listed.
--
-- shelf: 2 for sale and stocked, 1 for sale and out of stock, 0 withdrawn.
-- document: the words of the product, and its vendor as "vendor 12", a word that nobody can type.
create table catalog.product_index (
    product_id bigint primary key references catalog.products (id) on delete cascade,
    vendor_id bigint not null,
    category_id bigint not null,
    brand text not null,
    model text not null,
    item_name text not null,
    price numeric(18, 2) not null,
    is_active boolean not null,
    stocked boolean not null default false,
    shelf smallint not null generated always as (
        case when not is_active then 0 when stocked then 2 else 1 end
    ) stored,
    document tsvector not null generated always as (
        setweight(to_tsvector('catalog.names', item_name), 'A')
        || setweight(to_tsvector('catalog.names', brand || ' ' || model), 'B')
        || array_to_tsvector(array['vendor ' || vendor_id::text])
    ) stored
);

-- Each list reads its index in order and stops when the page is full. The last columns are not for
-- order: they let a filter pass over entries without a look at the table.
create index product_index_id_idx on catalog.product_index (shelf, product_id, price);
create index product_index_price_idx on catalog.product_index (shelf, price, product_id);
create index product_index_name_idx on catalog.product_index (shelf, item_name, product_id, price);
create index product_index_category_id_idx
on catalog.product_index (shelf, category_id, product_id, price, brand);
create index product_index_category_price_idx
on catalog.product_index (shelf, category_id, price, product_id, brand);
create index product_index_category_name_idx
on catalog.product_index (shelf, category_id, item_name, product_id, price, brand);
create index product_index_vendor_id_idx
on catalog.product_index (shelf, vendor_id, product_id, price, category_id);
create index product_index_vendor_price_idx
on catalog.product_index (shelf, vendor_id, price, product_id, category_id);
create index product_index_vendor_name_idx
on catalog.product_index (shelf, vendor_id, item_name, product_id, price, category_id);
create index product_index_brand_id_idx
on catalog.product_index (shelf, brand, product_id, price);
create index product_index_brand_price_idx
on catalog.product_index (shelf, brand, price, product_id);
create index product_index_brand_name_idx
on catalog.product_index (shelf, brand, item_name, product_id, price);
create index product_index_document_idx on catalog.product_index using gin (document);

-- Every word of a product's or vendor's name without digits (a wrong digit is another model, not a
-- typo), and each such word with any one letter left out: two words one typo apart share one of
-- these. Words stay when their last product goes; they only make a correction less likely.
create table catalog.words (word text primary key);
create index words_trigram_idx on catalog.words using gin (word gin_trgm_ops);
create table catalog.spellings (
    spelling text not null,
    word text not null references catalog.words (word),
    primary key (spelling, word)
);

create function catalog.spellings_of(p_word text) returns setof text
language sql immutable strict as $$
    select p_word
    union
    select overlay(p_word placing '' from at for 1)
    from generate_series(1, length(p_word)) as at
$$;

-- In the order of words, so that two writers do not wait for each other in a circle.
-- +goose StatementBegin
create function catalog.learn_words(p_words text[]) returns void
language sql as $$
    with learnt as (
        insert into catalog.words (word)
        select distinct known.word
        from unnest(p_words) as known (word)
        where known.word ~ '^[[:alpha:]]{3,40}$'
            and not exists (select from catalog.words where words.word = known.word)
        order by known.word
        on conflict do nothing
        returning word
    )

    insert into catalog.spellings (spelling, word)
    select spelling, word
    from learnt
    cross join lateral catalog.spellings_of(word) as spelling
    order by word, spelling
    on conflict do nothing
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function catalog.index_new_products() returns trigger
language plpgsql as $$
begin
    insert into catalog.product_index (
        product_id, vendor_id, category_id, brand, model, item_name, price, is_active
    )
    select id, vendor_id, category_id, brand, model, item_name, price, is_active
    from added;
    perform catalog.learn_words(array(
        select distinct lexeme
        from added
        cross join lateral unnest(
            to_tsvector('catalog.names', concat_ws(' ', item_name, brand, model))
        )
    ));
    return null;
end
$$;
-- +goose StatementEnd
create trigger products_index_new after insert on catalog.products
referencing new table as added
for each statement execute function catalog.index_new_products();

-- +goose StatementBegin
create function catalog.index_changed_product() returns trigger
language plpgsql as $$
begin
    update catalog.product_index
    set
        vendor_id = new.vendor_id,
        category_id = new.category_id,
        brand = new.brand,
        model = new.model,
        item_name = new.item_name,
        price = new.price,
        is_active = new.is_active
    where product_id = new.id;
    if (new.item_name, new.brand, new.model) is distinct from (old.item_name, old.brand, old.model) then
        perform catalog.learn_words(tsvector_to_array(
            to_tsvector('catalog.names', concat_ws(' ', new.item_name, new.brand, new.model))
        ));
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger products_index_changed after update on catalog.products
for each row when (
    (new.vendor_id, new.category_id, new.brand, new.model, new.item_name, new.price, new.is_active)
    is distinct from
    (old.vendor_id, old.category_id, old.brand, old.model, old.item_name, old.price, old.is_active)
)
execute function catalog.index_changed_product();

-- +goose StatementBegin
create function catalog.learn_vendor() returns trigger
language plpgsql as $$
begin
    perform catalog.learn_words(tsvector_to_array(to_tsvector('catalog.names', new.vendor_name)));
    return null;
end
$$;
-- +goose StatementEnd
create trigger vendors_learn after insert or update of vendor_name on catalog.vendors
for each row execute function catalog.learn_vendor();

-- +goose StatementBegin
create function catalog.index_new_stock() returns trigger
language plpgsql as $$
begin
    update catalog.product_index
    set stocked = true
    from added
    where product_index.product_id = added.product_id and added.on_hand > 0;
    return null;
end
$$;
-- +goose StatementEnd
create trigger stock_index_new after insert on catalog.stock
referencing new table as added
for each statement execute function catalog.index_new_stock();

-- +goose StatementBegin
create function catalog.index_changed_stock() returns trigger
language plpgsql as $$
begin
    update catalog.product_index set stocked = new.on_hand > 0 where product_id = new.product_id;
    return null;
end
$$;
-- +goose StatementEnd
create trigger stock_index_changed after update of on_hand on catalog.stock
for each row when ((new.on_hand > 0) <> (old.on_hand > 0))
execute function catalog.index_changed_stock();

-- What a person may have meant by p_text: every word of it, as the beginning of a word of the
-- product's or its vendor's. With p_corrected, a word may also be one that is a typo away, or looks much
-- alike. Empty when there is no word in p_text; only the first eight words count.
-- +goose StatementBegin
create function catalog.search_query(p_text text, p_corrected boolean) returns tsquery
language plpgsql stable as $$
declare
    wanted record;
    alternatives tsquery;
    meant text;
    vendors text[];
    whole tsquery;
begin
    for wanted in
        select lexeme
        from unnest(to_tsvector('catalog.names', p_text))
        order by positions[1], lexeme
        limit 8
    loop
        alternatives := format(
            '''%s'':*', replace(replace(wanted.lexeme, '\', '\\'), '''', '''''')
        )::tsquery;
        if p_corrected and wanted.lexeme ~ '^[[:alpha:]]{3,40}$' then
            for meant in
                select word
                from (
                    select spellings.word, 1 as typos
                    from catalog.spellings_of(wanted.lexeme) as written
                    inner join catalog.spellings on spellings.spelling = written
                    union
                    select word, 2
                    from catalog.words
                    where word % wanted.lexeme and similarity(word, wanted.lexeme) >= 0.4
                    union
                    select word, 3
                    from catalog.words
                    where wanted.lexeme <% word
                ) as alike
                group by word
                order by min(typos), similarity(word, wanted.lexeme) desc, word
                limit 6
            loop
                alternatives := alternatives || quote_literal(meant)::tsquery;
            end loop;
        end if;
        vendors := array(
            select 'vendor ' || id::text
            from catalog.vendors
            where to_tsvector('catalog.names', vendor_name) @@ alternatives
            order by id
            limit 100
        );
        for meant in select unnest(vendors) loop
            alternatives := alternatives || quote_literal(meant)::tsquery;
        end loop;
        whole := coalesce(whole && alternatives, alternatives);
    end loop;
    return whole;
end
$$;
-- +goose StatementEnd

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
language plpgsql stable rows 20 as $$
declare
    query tsquery;
    filters text := concat(
        case when p_category_id is not null then ' and item.category_id = branch.id' end,
        case when p_vendor_id is not null then ' and item.vendor_id = $5' end,
        case when p_brand is not null then ' and item.brand = $6' end,
        case when p_price_from is not null then ' and item.price >= $7' end,
        case when p_price_to is not null then ' and item.price <= $8' end,
        case when p_query is not null then ' and item.document @@ $3' end
    );
    branches text := case
        when p_category_id is not null then 'cross join catalog.subtree($4) as branch (id)' else ''
    end;
    source text := 'unnest($1) as shelf (id) ' || branches || ' cross join lateral (
        select ordered.*
        from (
            select item.product_id, item.price, item.item_name, item.document
            from catalog.product_index as item
            where item.shelf = shelf.id' || filters || '%s
        ) as ordered'
        -- Looked up row by row until the page is full, after the order.
        || case when p_available then ' where (select catalog.is_available(ordered.product_id))' else '' end
        || ' limit %s) as found';
    direction text := case when p_sort in ('newest', '-price', '-name') then 'desc' else 'asc' end;
    beyond text := case when direction = 'desc' then '<' else '>' end;
    place text;
    rest text;
begin
    if p_query is not null then
        query := catalog.search_query(p_query, false);
        if query is null then
            return;
        end if;
        if not exists (select from catalog.product_index where document @@ query) then
            query := catalog.search_query(p_query, true);
        end if;
    end if;
    if p_sort = 'relevance' then
        return query execute
            'select ranked.product_id, ranked.score
            from (
                select found.product_id, ts_rank(found.document, $3, 1) as score
                from ' || format(source, '', '1000') || '
                limit 1000
            ) as ranked
            where $13 is null or (ranked.score, ranked.product_id) < ($13, $10)
            order by ranked.score desc, ranked.product_id desc
            limit $14'
        using p_shelves, p_available, query, p_category_id, p_vendor_id, p_brand, p_price_from,
            p_price_to, p_sort, p_after_id, p_after_price, p_after_name, p_after_score, p_limit;
        return;
    end if;
    case
        when p_sort in ('newest', 'oldest') then
            place := format('product_id %s', direction);
            rest := format(' and item.product_id %s $10', beyond);
        when p_sort in ('price', '-price') then
            place := format('price %1$s, product_id %1$s', direction);
            rest := format(' and (item.price, item.product_id) %s ($11, $10)', beyond);
        when p_sort in ('name', '-name') then
            place := format('item_name %1$s, product_id %1$s', direction);
            rest := format(' and (item.item_name, item.product_id) %s ($12, $10)', beyond);
            if p_query is not null then
                -- Products of one word stand together by name: in that order, the wrong ones come
                -- first. An expression keeps the index of names out of it.
                place := replace(place, 'item_name', 'item_name || ''''');
                rest := replace(rest, 'item.item_name', 'item.item_name || ''''');
            end if;
    end case;
    return query execute
        'select found.product_id, 0::real from '
        || format(
            source,
            concat(case when p_after_id is not null then rest end, ' order by ', place),
            '$14'
        )
        || ' order by ' || place || ' limit $14'
    using p_shelves, p_available, query, p_category_id, p_vendor_id, p_brand, p_price_from,
        p_price_to, p_sort, p_after_id, p_after_price, p_after_name, p_after_score, p_limit;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function catalog.list_products;
drop function catalog.is_available;
drop function catalog.search_query;
drop trigger stock_index_changed on catalog.stock;
drop trigger stock_index_new on catalog.stock;
drop trigger vendors_learn on catalog.vendors;
drop trigger products_index_changed on catalog.products;
drop trigger products_index_new on catalog.products;
drop function catalog.index_changed_stock;
drop function catalog.index_new_stock;
drop function catalog.learn_vendor;
drop function catalog.index_changed_product;
drop function catalog.index_new_products;
drop function catalog.learn_words;
drop function catalog.spellings_of;
drop table catalog.spellings;
drop table catalog.words;
drop table catalog.product_index;
drop index catalog.vendors_name_search_idx;
drop text search configuration catalog.names;
