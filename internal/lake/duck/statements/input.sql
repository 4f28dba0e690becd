create schema if not exists {{name .Zone}};
create view {{name .Zone}}.{{name .Table}} as
{{if .Described}}select * from (select {{range $i, $column := .Described}}{{if $i}}, {{end}}null::{{.Type}} as {{name .Name}}{{end}}) where false
{{end}}{{if .Whole}}{{if .Described}}union all by name
{{end}}select * from read_parquet([{{range $i, $file := .Whole}}{{if $i}}, {{end}}{{text $file}}{{end}}], hive_partitioning = false{{if .Published}}, union_by_name = true{{end}})
{{end}}{{range $i, $part := .Parts}}{{if or $i $.Whole $.Described}}union all by name
{{end}}select * from read_parquet({{text .File}}, hive_partitioning = false)
where false{{range .Days}} or ({{name $part.Column}} >= {{text .From.String}}::date and {{name $part.Column}} < {{text .To.String}}::date){{end}}
{{end}};
