create table result as
{{.Query}}
