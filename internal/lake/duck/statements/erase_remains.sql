select count(*) from theirs where "their own" and (
    false{{range .Columns}}
    or ({{name .Name}} is not null and ({{.Value}})::{{.Type}} is distinct from {{name .Name}}){{end}}
)
