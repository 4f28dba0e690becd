select discount_code from ordering.orders where discount_amount > 0 group by discount_code
