package api

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
)

// OpenAPI gives the OpenAPI 3.1 document as YAML.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().YAML() }

// docs serves the OpenAPI document and the page that shows it.
func (a *API) docs() {
	document, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		panic(err) // the operations are the same in every process
	}
	a.router.GET("/openapi.json", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/openapi+json", document)
	})
}
