package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer is what the API said; status 0 is nothing.
type answer struct {
	status int
	code   string        // of a problem; empty: none
	wait   time.Duration // until asking again is of use, where the answer said so
	body   []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// into decodes the body of a good answer.
func (a answer) into(value any) bool { return a.ok() && json.Unmarshal(a.body, value) == nil }

// operation is one that the contract names, as {"GET", "/api/orders/{id}"}.
type operation struct{ method, path string }

func (o operation) String() string { return o.method + " " + o.path }

// contract is what an operation may be answered with, by the OpenAPI document of the API itself.
type contract map[operation][]int

// learn reads the document.
func (s *simulation) learn(ctx context.Context) (contract, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/openapi.json", nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		return nil, err
	}
	known := contract{}
	for path, methods := range document.Paths {
		for method, described := range methods {
			o := operation{strings.ToUpper(method), path}
			for status := range described.Responses {
				if number, err := strconv.Atoi(status); err == nil {
					known[o] = append(known[o], number)
				}
			}
		}
	}
	return known, nil
}

// ask sends one request of an operation; path is the operation's with its parameters filled in.
func (v *visit) ask(ctx context.Context, o operation, path string, body any, headers ...string) answer {
	var sent []byte
	if body != nil {
		sent, _ = json.Marshal(body) // maps of plain values
	}
	request, err := http.NewRequestWithContext(ctx, o.method, v.URL+path, bytes.NewReader(sent))
	if err != nil {
		v.record.surprise(o.String(), 0, err.Error())
		return answer{}
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if v.token != "" {
		request.Header.Set("Authorization", "Bearer "+v.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	from := time.Now()
	if !v.due.IsZero() { // the first request: whoever waited for their turn has waited for this
		from, v.due = v.due, time.Time{}
	}
	got, err := send(v.client, request)
	v.record.answered(o.String(), got, time.Since(from))
	if err == nil {
		v.check(o, got)
	}
	return got
}

func send(client *http.Client, request *http.Request) (answer, error) {
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: response.StatusCode, body: received}
	if got.status >= 400 {
		var problem struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(received, &problem) // check sees that there is one
		got.code = problem.Code
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
			got.wait = time.Duration(seconds) * time.Second
		}
	}
	return got, nil
}

// check compares an answer with the contract.
func (v *visit) check(o operation, got answer) {
	switch {
	case !slices.Contains(v.contract[o], got.status):
		v.record.surprise(o.String(), got.status, "the contract does not know this status")
	case got.status >= 400 && got.code == "":
		v.record.surprise(o.String(), got.status, "a problem without a code")
	case got.ok() && len(got.body) > 0 && !json.Valid(got.body):
		v.record.surprise(o.String(), got.status, "an answer that is not JSON")
	}
}
