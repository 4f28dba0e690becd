create schema if not exists {{name .Zone}};
create view {{name .Zone}}.{{name .Table}} as
select * from read_parquet([{{range $i, $file := .Files}}{{if $i}}, {{end}}{{text $file}}{{end}}], hive_partitioning = false);
