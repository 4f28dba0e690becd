select email from identity.customers where email !~ '@example\.(com|org|net)$'
union all
select email from identity.users where email !~ '@example\.(com|org|net)$'
