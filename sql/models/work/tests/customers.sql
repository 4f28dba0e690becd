-- given clean.customers
select 1 as id, 'ana' as first_name, 'Sousa' as last_name, 'ana@example.org' as email, '+351' as phone,
    'Porto' as city, 'PT' as country, timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-01-02 00:00:00+00' as updated_at
-- expect
-- The hash is HMAC-SHA256 with the key "test", as `openssl dgst -sha256 -hmac test` gives it.
select 1 as id, 'A.' as first_name, 'S.' as last_name,
    '30b233bf9043a018119e41b7a1f614483c0eb64faa843f88d16d51f5ba8892e7' as email,
    'Porto' as city, 'PT' as country, timestamptz '2026-01-01 00:00:00+00' as joined_at, true as is_active,
    timestamptz '2026-01-02 00:00:00+00' as updated_at
