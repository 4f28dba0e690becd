package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"mercado/api"
)

// checkConventions compares an answer of /api with what holds for all of them: its headers, and
// that a time is in UTC.
func checkConventions(request *http.Request, response *http.Response, received []byte) error {
	if !strings.HasPrefix(request.URL.Path, "/api/") {
		return nil
	}
	var wrong []error
	miss := func(name, want string) {
		wrong = append(wrong, fmt.Errorf("the header %s is %q, want %s", name, response.Header.Get(name), want))
	}
	header := response.Header.Get
	if header("X-Request-Id") == "" {
		miss("X-Request-Id", "an id")
	}
	if header("X-Content-Type-Options") != "nosniff" {
		miss("X-Content-Type-Options", "nosniff")
	}
	if header("Cache-Control") == "" {
		miss("Cache-Control", "one")
	}
	if seconds, err := strconv.Atoi(header("Retry-After")); response.StatusCode == http.StatusTooManyRequests && (err != nil || seconds < 1) {
		miss("Retry-After", "seconds")
	}
	if response.StatusCode == http.StatusUnauthorized && header("WWW-Authenticate") == "" {
		miss("WWW-Authenticate", "a scheme")
	}
	if response.StatusCode == http.StatusCreated && strings.Contains(header("Location"), "//") {
		miss("Location", "a path")
	}
	if text := elsewhere.Find(received); text != nil {
		wrong = append(wrong, fmt.Errorf("%s is not in UTC", text))
	}
	return errors.Join(wrong...)
}

// elsewhere is a value that is a time with another offset than Z.
var elsewhere = regexp.MustCompile(`:\s*"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d"`)

// checkNoRoute looks at the answer to what the document does not have: only a problem says so.
func checkNoRoute(request *http.Request, response *http.Response) error {
	if !strings.HasPrefix(request.URL.Path, "/api/") {
		return nil
	}
	kind := response.Header.Get("Content-Type")
	if response.StatusCode < http.StatusBadRequest || kind != "application/problem+json" {
		return fmt.Errorf("answered %d %s, and the document has no such operation", response.StatusCode, kind)
	}
	return nil
}

// checkCode fails for a problem whose code the operation does not declare for its status.
func checkCode(operation *openapi3.Operation, status int, received []byte) error {
	if status < http.StatusBadRequest {
		return nil
	}
	var problem api.Problem
	if err := json.Unmarshal(received, &problem); err != nil {
		return fmt.Errorf("read the problem: %w", err)
	}
	declared := operation.Responses.Status(status)
	if declared == nil || declared.Value.Description == nil || !strings.Contains(*declared.Value.Description, "`"+string(problem.Code)+"`") {
		return fmt.Errorf("the code %s is not declared by %s: add it to its problems", problem.Code, operation.OperationID)
	}
	return nil
}
