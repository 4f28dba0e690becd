-- +goose Up
-- The words of product and vendor names, and those that a misspelt query may have meant.
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

-- Every word of a product or of a vendor's name, to know those that begin with what somebody has typed. It is
-- compared byte by byte, so that those stand together. Words stay when their last product goes.
create table catalog.lexemes (lexeme text collate "C" primary key);

-- Every word of a product's or vendor's name without digits (a wrong digit is another model, not a
-- typo), and each such word with any one letter left out: two words one typo apart share one of
-- these. Those that no product has any more only make a correction less likely.
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
    with indexed as (
        insert into catalog.lexemes (lexeme)
        select distinct known.lexeme
        from unnest(p_words) as known (lexeme)
        where not exists (select from catalog.lexemes where lexemes.lexeme = known.lexeme)
        order by known.lexeme
        on conflict do nothing
    ),

    learnt as (
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

-- What has a word that begins with p_beginning: that is asked word by word, where they are few. An
-- index collects all that has a beginning before it looks at the next word of a query; with whole words
-- it goes from one product to the next that has the rarest of them.
-- +goose StatementBegin
create function catalog.begun(p_beginning text) returns tsquery
language plpgsql stable as $$
declare
    longer text[] := array(
        select lexeme
        from catalog.lexemes
        where lexeme > p_beginning and lexeme < p_beginning || chr(1114111)
        limit 21
    );
    quoted text[] := array(
        select '''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''''
        from unnest(p_beginning || longer) as lexeme
    );
begin
    if cardinality(longer) <= 20 then
        return array_to_string(quoted, ' | ')::tsquery;
    end if;
    return (quoted[1] || ':*')::tsquery;
end
$$;
-- +goose StatementEnd

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
        alternatives := catalog.begun(wanted.lexeme);
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

-- +goose Down
drop function catalog.search_query;
drop function catalog.begun;
drop trigger vendors_learn on catalog.vendors;
drop function catalog.learn_vendor;
drop function catalog.learn_words;
drop function catalog.spellings_of;
drop table catalog.spellings;
drop table catalog.words;
drop table catalog.lexemes;
drop index catalog.vendors_name_search_idx;
drop text search configuration catalog.names;
