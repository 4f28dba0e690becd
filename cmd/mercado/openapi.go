package main

import "mercado/api"

// OpenAPICmd prints the OpenAPI 3.1 document of the API as YAML, or a page of documentation that
// is made from it. It needs no server.
type OpenAPICmd struct {
	Print string `name:"print" enum:"document,errors,access" default:"document" help:"What to print: the document, or docs/errors.md or docs/access.md (${enum})."`
}

// Run implements the command.
func (c *OpenAPICmd) Run(g *Globals) (err error) {
	served := api.New(api.Deps{})
	var text []byte
	switch c.Print {
	case "errors":
		text = served.ErrorsPage()
	case "access":
		text = served.AccessPage()
	default:
		text, err = served.OpenAPI()
	}
	if err != nil {
		return err
	}
	_, err = g.stdout.Write(text)
	return err
}
