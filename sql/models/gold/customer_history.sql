-- description: Customers as they have been: a row for each time that one was like this. A run adds
--     what has changed since the run before; what came and went between two runs is not seen.
-- grain: one row per customer and time
-- key: customer_id, valid_from
-- reads: work.customers, published.customer_history
-- column customer_id bigint: Key of the customer, see customer.
-- column valid_from timestamptz: From when on: the registration, later when the row was written in the
--     shop.
-- column valid_to timestamptz: Until when, exclusive; null for as the customer is now.
-- column first_name varchar: Initial of the first name.
-- column last_name varchar: Initial of the last name.
-- column email varchar: Keyed hash of the e-mail address.
-- column city varchar: City.
-- column country varchar: ISO 3166 code of the country.
-- column joined_at timestamptz: When the customer registered.
-- column is_active boolean: False while the account is closed.
-- person: customer customer_id
-- keeps: customer_id, valid_from, valid_to, country, joined_at, is_active
-- periods: valid_from, valid_to
-- erase first_name: 'E.'
-- erase last_name: 'C.'
-- erase email: mask_email('erased-' || customer_id || '@erased.invalid')
-- erase city: null
-- error everyone_is_current: not exists (select 1 from work.customers as n
--     where n.id not in (select h.customer_id from result as h where h.valid_to is null))
-- error nothing_is_forgotten: (select count(*) from result as h) >= (select count(*) from published.customer_history as b)
-- error period_not_empty: valid_to is null or valid_to > valid_from
-- error last_is_current: (valid_to is null) = (
--     valid_from = (select max(h.valid_from) from result as h where h.customer_id = result.customer_id))
with before as (
    select
        h.*,
        row(h.first_name, h.last_name, h.email, h.city, h.country, h.joined_at, h.is_active) as content
    from published.customer_history as h
),

now as (
    select
        c.*,
        row(c.first_name, c.last_name, c.email, c.city, c.country, c.joined_at, c.is_active) as content
    from work.customers as c
),

-- What differs from the row that was current. A change that the row's own time does not tell from
-- the one before takes its place: a period cannot be empty.
changed as (
    select
        n.*,
        case when b.valid_from is null then n.joined_at else greatest(n.updated_at, b.valid_from) end as valid_from
    from now as n
    left join before as b on b.customer_id = n.id and b.valid_to is null
    where b.valid_from is null or b.content is distinct from n.content
)

select
    b.customer_id,
    b.valid_from,
    coalesce(b.valid_to, c.valid_from) as valid_to,
    b.first_name,
    b.last_name,
    b.email,
    b.city,
    b.country,
    b.joined_at,
    b.is_active
from before as b
left join changed as c on c.id = b.customer_id
where c.valid_from is distinct from b.valid_from
union all
select
    c.id as customer_id,
    c.valid_from,
    null as valid_to,
    c.first_name,
    c.last_name,
    c.email,
    c.city,
    c.country,
    c.joined_at,
    c.is_active
from changed as c
