package api

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"mercado/web"
)

// docsPolicy lets the documentation load what this server has, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// OpenAPI gives the OpenAPI 3.1 document as YAML.
func (a *API) OpenAPI() ([]byte, error) { return a.huma.OpenAPI().YAML() }

// docs serves the OpenAPI document, the page that shows it, and what the page needs.
func (a *API) docs() {
	document, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		panic(err) // the operations are the same in every process
	}
	page, err := fs.ReadFile(web.Static, "docs.html")
	if err != nil {
		panic(err) // it is embedded
	}
	a.router.GET("/openapi.json", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/openapi+json", document)
	})
	a.router.GET("/docs", func(c *gin.Context) {
		c.Header("Content-Security-Policy", docsPolicy)
		c.Data(http.StatusOK, "text/html; charset=utf-8", page)
	})
	a.router.GET("/static/*file", a.static)
}

// static serves files, and no lists of folders.
func (a *API) static(c *gin.Context) {
	name := strings.TrimPrefix(c.Param("file"), "/")
	if info, err := fs.Stat(web.Static, name); err != nil || info.IsDir() {
		a.answer(c, problem(notFound))
		return
	}
	c.Header("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(c.Writer, c.Request, web.Static, name)
}
