package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"mercado/api"
)

// Client asks an API as one person. Every exchange is compared with the OpenAPI document, and a
// difference fails the test.
type Client struct {
	t     testing.TB
	base  string
	token string
}

// NewClient asks the API at base, such as http://127.0.0.1:8080; token may be empty.
func NewClient(t testing.TB, base, token string) *Client {
	return &Client{t: t, base: strings.TrimSuffix(base, "/"), token: token}
}

// With is the same client with another token.
func (c *Client) With(token string) *Client { return NewClient(c.t, c.base, token) }

// Get asks for path.
func (c *Client) Get(path string) *Answer {
	c.t.Helper()
	return c.Do(http.MethodGet, path, nil)
}

// Post sends body, see Do.
func (c *Client) Post(path string, body any, headers ...string) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPost, path, body, headers...)
}

// Put sends body, see Do.
func (c *Client) Put(path string, body any, headers ...string) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPut, path, body, headers...)
}

// Patch sends body, see Do.
func (c *Client) Patch(path string, body any, headers ...string) *Answer {
	c.t.Helper()
	return c.Do(http.MethodPatch, path, body, headers...)
}

// Delete asks for path to be deleted.
func (c *Client) Delete(path string) *Answer {
	c.t.Helper()
	return c.Do(http.MethodDelete, path, nil)
}

// Do sends one request: body is a string or []byte as it is, nil for none, or anything that
// becomes JSON; headers are pairs of name and value.
func (c *Client) Do(method, path string, body any, headers ...string) *Answer {
	c.t.Helper()
	var sent []byte
	switch given := body.(type) {
	case nil:
	case string:
		sent = []byte(given)
	case []byte:
		sent = given
	default:
		var err error
		if sent, err = json.Marshal(given); err != nil {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(sent))
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	received, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if err := CheckContract(c.t.Context(), request, sent, response, received); err != nil {
		c.t.Errorf("%s %s: %v\nanswer: %s", method, path, err, received)
	}
	return &Answer{t: c.t, asked: method + " " + path, Status: response.StatusCode, Header: response.Header, Body: received}
}

// Answer is what the API answered.
type Answer struct {
	t      testing.TB
	asked  string
	Status int
	Header http.Header
	Body   []byte
}

// Want fails the test unless the status is the one given.
func (a *Answer) Want(status int) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s answered %d, want %d: %s", a.asked, a.Status, status, a.Body)
	}
	return a
}

// WantProblem fails the test unless the answer is a problem of this status and code.
func (a *Answer) WantProblem(status int, code string) api.Problem {
	a.t.Helper()
	var problem api.Problem
	if err := json.Unmarshal(a.Body, &problem); err != nil {
		a.t.Fatalf("%s answered %d %s, want a problem", a.asked, a.Status, a.Body)
	}
	if a.Status != status || problem.Status != status || string(problem.Code) != code {
		a.t.Fatalf("%s answered %d %s, want %d %s: %s", a.asked, a.Status, problem.Code, status, code, a.Body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Fatalf("%s answered with Content-Type %q", a.asked, got)
	}
	return problem
}

// CodeOf is the code of an answer that is a problem; empty for any other.
func CodeOf(a *Answer) string {
	var problem api.Problem
	if a.Status < http.StatusBadRequest || json.Unmarshal(a.Body, &problem) != nil {
		return ""
	}
	return string(problem.Code)
}

// Into decodes the answer.
func (a *Answer) Into(value any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, value); err != nil {
		a.t.Fatalf("%s answered %s: %v", a.asked, a.Body, err)
	}
}

// Decode reads an answer's body as a T.
func Decode[T any](a *Answer) T {
	a.t.Helper()
	var value T
	a.Into(&value)
	return value
}
