-- Fills carts of the customers $1 with one each of $4 of the products $2, as if each had put them
-- in one by one: `mercado audit` finds no difference. $3 is how many had carts before, so that all products have
-- their turn.
with buyers as (
    select
        id as customer_id,
        gen_random_uuid() as cart_id,
        $3::bigint + n as turn
    from unnest($1::bigint[]) with ordinality as buyer (id, n)
),

lines as (
    select
        buyers.cart_id,
        products.id as product_id,
        products.vendor_id,
        products.price
    from buyers
    cross join generate_series(0, $4::integer - 1) as line
    inner join catalog.products
        on products.id = ($2::bigint[])[1 + (buyers.turn + 17 * line) % cardinality($2::bigint[])]
),

carts as (
    insert into ordering.carts (id, customer_id)
    select cart_id, customer_id
    from buyers
),

items as (
    insert into ordering.cart_items (cart_id, item_id, vendor_id, qty, unit_price)
    select cart_id, product_id, vendor_id, 1, price
    from lines
),

holds as (
    insert into catalog.holds (cart_id, product_id, qty, expires_at)
    select cart_id, product_id, 1, now() + interval '2 hours'
    from lines
),

ledger as (
    insert into catalog.stock_ledger (
        product_id, kind, on_hand_delta, reserved_delta, reference_type, reference_id
    )
    select product_id, 'reserve', 0, 1, 'cart', cart_id::text
    from lines
),

balances as (
    update catalog.stock
    set reserved = stock.reserved + sums.qty
    from (select product_id, count(*) as qty from lines group by product_id) as sums
    where stock.product_id = sums.product_id
)

select customer_id
from buyers;
