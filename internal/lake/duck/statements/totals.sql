select
    count(*)
    {{range .Columns}}, coalesce(sum({{name .Name}}), 0)::decimal(38, {{.Scale}})::varchar
    {{end}}
from {{if .Path}}read_parquet({{text .Path}}, hive_partitioning = false){{else}}result
where {{.Where}}{{end}}
