copy (
    select * exclude ("their own")
    from {{.From}}
    {{if .Key}}order by {{names .Key}}{{if .Rules}}, {{names .ColumnNames}}{{end}}{{end}}
)
to {{text .Out}} (format parquet, compression zstd, row_group_size 122880)
