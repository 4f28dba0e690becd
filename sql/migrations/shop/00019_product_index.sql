-- +goose Up
-- How products are found: one narrow row for each, written by triggers, with an index for every
-- way of listing.
--
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
on catalog.product_index (shelf, brand, product_id, price, category_id);
create index product_index_brand_price_idx
on catalog.product_index (shelf, brand, price, product_id, category_id);
create index product_index_brand_name_idx
on catalog.product_index (shelf, brand, item_name, product_id, price, category_id);
create index product_index_document_idx on catalog.product_index using gin (document);

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

-- +goose Down
drop trigger stock_index_changed on catalog.stock;
drop trigger stock_index_new on catalog.stock;
drop trigger products_index_changed on catalog.products;
drop trigger products_index_new on catalog.products;
drop function catalog.index_changed_stock;
drop function catalog.index_new_stock;
drop function catalog.index_changed_product;
drop function catalog.index_new_products;
drop table catalog.product_index;
