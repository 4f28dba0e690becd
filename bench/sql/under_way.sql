select exists (
    select 1
    from ordering.orders
    where status in ('pending', 'confirmed', 'shipped')
);
