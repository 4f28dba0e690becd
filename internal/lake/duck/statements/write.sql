copy (
    select {{names .ColumnNames}}{{if .Rules}}, broken_rules{{end}}
    from result
    where {{.Where}}
        {{if .Partition}}and {{name .Partition}} >= {{text .Days.From.String}}::date
        and {{name .Partition}} < {{text .Days.To.String}}::date{{end}}
    order by {{names .Key}}{{if .Rules}}, {{names .ColumnNames}}{{end}}
)
to {{text .Path}} (format parquet, compression zstd, row_group_size 122880)
