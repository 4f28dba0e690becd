select count(*) from part where false{{range .Texts}}
    or (
        strpos(lower({{name .}}::varchar), {{text $.Text}}) > 0
        and regexp_matches(lower({{name .}}::varchar), {{text $.Pattern}})
    ){{end}}
