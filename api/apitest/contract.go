package apitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"mercado/api"
)

// document is the API's own OpenAPI document, parsed once for all tests of a process.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := api.New(api.Deps{}).OpenAPI()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

// Document is the API's own OpenAPI document.
func Document(t testing.TB) *openapi3.T {
	t.Helper()
	parsed, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

var contract = sync.OnceValues(func() (routers.Router, error) {
	document, err := document()
	if err != nil {
		return nil, fmt.Errorf("load the OpenAPI document: %w", err)
	}
	return legacy.NewRouter(document, openapi3.AllowExtraSiblingFields("patternDescription")) // huma's own word
})

// A file is a text to the document, whatever is wrong with its rows.
func init() { openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.PlainBodyDecoder) }

var validation = &openapi3filter.Options{
	IncludeResponseStatus: true, // a status that the operation does not declare is an error
	MultiError:            true,
	AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
}

// CheckContract compares an exchange with the OpenAPI document: every answer, and the request as
// well when the API took it. What is outside /api is not in the document and passes. Clients and Transport
// do it by themselves; who reads an answer off a connection calls it.
func CheckContract(ctx context.Context, request *http.Request, sent []byte, response *http.Response, received []byte) error {
	router, err := contract()
	if err != nil {
		return err
	}
	if err := checkConventions(request, response, received); err != nil {
		return err
	}
	route, parameters, err := router.FindRoute(request)
	if err != nil {
		return checkNoRoute(request, response)
	}
	asked := &openapi3filter.RequestValidationInput{
		Request: request.Clone(ctx), PathParams: parameters, Route: route, Options: validation,
	}
	asked.Request.Body = io.NopCloser(bytes.NewReader(sent))
	if response.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(ctx, asked); err != nil {
			return fmt.Errorf("the API took what its document refuses: %w", err)
		}
	}
	answered := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: response.StatusCode, Header: response.Header, Options: validation,
	}
	answered.SetBodyBytes(received)
	if err := openapi3filter.ValidateResponse(ctx, answered); err != nil {
		return err
	}
	return checkCode(route.Operation, response.StatusCode, received)
}
