select count(*) from part where false{{range .Texts}}
    or strpos(lower({{name .}}::varchar), {{text $.Wanted}}) > 0{{end}}
