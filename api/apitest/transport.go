package apitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Transport compares every exchange that goes through it with the OpenAPI document, for whoever asks an API
// in another way than by a Client, and tells wrong of each difference; requests and answers pass as they are.
func Transport(wrong func(error)) http.RoundTripper { return transport(wrong) }

type transport func(error)

// RoundTrip implements http.RoundTripper.
func (wrong transport) RoundTrip(request *http.Request) (*http.Response, error) {
	var sent []byte
	if request.Body != nil {
		var err error
		sent, err = io.ReadAll(request.Body)
		_ = request.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	passed := request.Clone(request.Context())
	passed.Body = io.NopCloser(bytes.NewReader(sent))
	if len(sent) == 0 {
		passed.Body = http.NoBody
	}
	response, err := http.DefaultTransport.RoundTrip(passed)
	if err != nil {
		return nil, err
	}
	received, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err // an answer that is cut off is none
	}
	// Whoever asked may have gone: what was answered is compared all the same.
	if err := CheckContract(context.WithoutCancel(request.Context()), request, sent, response, received); err != nil {
		wrong(fmt.Errorf("%s %s answered %d: %w\nanswer: %s", request.Method, request.URL.Path, response.StatusCode, err, received))
	}
	response.Body = io.NopCloser(bytes.NewReader(received))
	return response, nil
}
