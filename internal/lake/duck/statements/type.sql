select column_type from (describe select null::{{.Type}} as typed)
