package main

import "mercado/api"

// OpenAPICmd prints the OpenAPI 3.1 document of the API as YAML. It needs no server.
type OpenAPICmd struct{}

// Run implements the command.
func (c *OpenAPICmd) Run(g *Globals) error {
	document, err := api.New(api.Deps{}).OpenAPI()
	if err != nil {
		return err
	}
	_, err = g.stdout.Write(document)
	return err
}
