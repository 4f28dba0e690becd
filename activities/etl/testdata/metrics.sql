-- What seed data does not have: orders that are still under way, instants around midnight, refunds that came
-- to nothing, carts that nobody has decided on, a customer whose orders were all cancelled, a product
-- that came to nothing. The last day that counts is 1 March 2026.
insert into identity.customers (first_name, last_name, email, joined_at) values
('Never', 'Happy', 'never.happy@example.org', '2026-02-28 23:59:59.999999+00'),
('Too', 'Late', 'too.late@example.org', '2026-03-02 00:00:00+00');

insert into catalog.products (vendor_id, item_name, category_id, brand, price, cost, created_at)
select vendor_id, 'Never sold', category_id, 'Brand', 0, 0, timestamptz '2025-11-30 23:59:59.999999+00'
from catalog.products
where id = 1;

create temporary table crafted as
select
    ('eeeeeeee-0000-7000-8000-0000000000' || n)::uuid as id,
    coalesce(buyer, (select id from identity.customers where email = 'never.happy@example.org')) as customer_id,
    at, status, method, p.id as product_id, p.vendor_id, p.price, p.cost
from (values
    (10, 1, timestamptz '2026-03-01 00:00:00+00', 'pending', 'bank_transfer', 1),
    (11, 2, timestamptz '2026-03-01 23:59:59.999999+00', 'confirmed', 'card', 2),
    (12, 3, timestamptz '2026-02-28 23:59:59.999999+00', 'shipped', 'wallet', 3),
    (13, 3, timestamptz '2026-03-02 00:00:00+00', 'confirmed', 'card', 1),
    (14, 4, timestamptz '2025-06-15 12:00:00+00', 'confirmed', 'card', 4),
    (15, null, timestamptz '2026-03-01 12:00:00+00', 'cancelled', 'card', 5)
) as t (n, buyer, at, status, method, product)
inner join catalog.products as p on p.id = t.product;

insert into ordering.orders (
    id, customer_id, channel, order_date, status, payment_method, payment_status, subtotal, discount_amount,
    total_amount, cancel_reason, confirmed_at, shipped_at, created_at, updated_at
)
select
    id, customer_id, 'phone', at, status, method,
    case when status = 'confirmed' then 'authorized' else 'pending' end, 3 * price, 0.01, 3 * price - 0.01,
    case when status = 'cancelled' then 'declined' end,
    case when status in ('confirmed', 'shipped') then at end,
    case when status = 'shipped' then at + interval '100 minutes' end, at, at
from crafted;

insert into ordering.order_items (
    order_id, line_no, item_id, vendor_id, qty, unit_price, unit_cost, discount_amount, total_price, created_at, updated_at
)
select id, 1, product_id, vendor_id, 3, price, cost, 0.01, 3 * price - 0.01, at, at
from crafted;

-- Of orders that arrived long ago, on days of their own.
with refunded as (
    insert into ordering.refunds (id, order_id, reason, amount, currency, created_at, updated_at)
    select
        ('ffffffff-0000-7000-8000-00000000000' || r.n)::uuid, d.id, 'late', 0.05, 'EUR', r.at, r.at
    from (values
        (1, timestamptz '2026-02-20 00:00:00+00'), (2, timestamptz '2026-02-21 12:00:00+00'),
        (3, timestamptz '2026-03-01 23:59:59.999999+00')
    ) as r (n, at)
    inner join (
        select id, row_number() over (order by id) as n
        from ordering.orders
        where status = 'delivered' and payment_status = 'completed' and order_date < '2025-12-01'
    ) as d on d.n = r.n
    returning id, order_id
)

insert into ordering.refund_items (refund_id, order_item_id, qty, amount)
select r.id, i.id, 1, 0.05
from refunded as r
inner join ordering.order_items as i on i.order_id = r.order_id and i.line_no = 1;
update ordering.refunds set status = 'failed', failure = 'account closed' where id = 'ffffffff-0000-7000-8000-000000000002';

insert into ordering.carts (id, customer_id, status, created_at, updated_at)
select ('cccccccc-0000-7000-8000-00000000000' || n)::uuid, n, 'open', timestamptz '2026-02-27 10:00:00+00', touched
from (values
    (1, timestamptz '2026-02-28 23:59:59.999999+00'), (2, timestamptz '2026-03-01 00:00:00+00'),
    (3, timestamptz '2026-02-27 10:00:00+00')
) as t (n, touched);

insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price)
select ('cccccccc-0000-7000-8000-00000000000' || n)::uuid, 1, 1, 2, 9.99
from generate_series(1, 2) as n;

insert into catalog.reviews (product_id, customer_id, rating, review_date)
select 1, c.id, r.rating, r.at
from (values
    ('never.happy@example.org', 1, timestamptz '2026-03-01 23:59:59.999999+00'),
    ('too.late@example.org', 5, timestamptz '2026-03-02 00:00:00+00')
) as r (email, rating, at)
inner join identity.customers as c on c.email = r.email;

drop table crafted;
