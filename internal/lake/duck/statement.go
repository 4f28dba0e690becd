package duck

import (
	"context"
	"embed"
	"strings"
	"text/template"
)

// The statements around a model. {{name …}} and {{names …}} quote identifiers, {{text …}} quotes a literal.
//
//go:embed statements/*.sql
var statementFiles embed.FS

var statements = template.Must(template.New("").Funcs(template.FuncMap{
	"name": name, "names": names, "text": text,
}).ParseFS(statementFiles, "statements/*.sql"))

func name(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func names(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = name(s)
	}
	return strings.Join(quoted, ", ")
}

func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func render(statement string, data any) (string, error) {
	var out strings.Builder
	err := statements.ExecuteTemplate(&out, statement+".sql", data)
	return out.String(), err
}

func (r *running) execute(ctx context.Context, statement string, data any) error {
	rendered, err := render(statement, data)
	if err != nil {
		return err
	}
	_, err = r.connection.ExecContext(ctx, rendered)
	return err
}
