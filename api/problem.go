package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Problem is the answer to a request that failed (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"Always about:blank: the code tells problems apart."`
	Title     string         `json:"title" doc:"The status in words."`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What went wrong, for people."`
	Code      code           `json:"code" doc:"What went wrong, for programs; stable."`
	RequestID string         `json:"request_id,omitempty" doc:"Names this request in the logs."`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"What is wrong where, the first twenty."`

	headers http.Header
	kept    bool // given again as it was the first time: it does not name a request
}

// FieldProblem is what is wrong in one place of a request.
type FieldProblem struct {
	Location string `json:"location" doc:"As body.items[0].qty, query.limit or path.id."`
	Message  string `json:"message"`
}

// problem makes the answer for code, with what is wrong where.
func problem(c code, fields ...FieldProblem) *Problem {
	known := problems[c]
	return &Problem{
		Type: "about:blank", Title: http.StatusText(known.status), Status: known.status,
		Detail: known.detail, Code: c, Errors: fields, headers: http.Header{},
	}
}

// invalid says that the value at location cannot be taken.
func invalid(location, message string) *Problem {
	return problem(validationFailed, FieldProblem{location, message})
}

// unknown says that what the value at location refers to does not exist.
func unknown(location, message string) *Problem {
	return problem(unknownReference, FieldProblem{location, message})
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// maxFieldProblems bounds an answer to a body that is wrong everywhere.
const maxFieldProblems = 20

// validationProblem turns what huma found into a problem, without the values that were sent.
func validationProblem(status int, errs []error) *Problem {
	var p *Problem
	var fields []FieldProblem
	for _, err := range errs {
		var detail *huma.ErrorDetail
		switch {
		case errors.As(err, &p):
		case errors.As(err, &detail) && len(fields) < maxFieldProblems:
			message, _, _ := strings.Cut(detail.Message, "invalid value: ") // of a TextUnmarshaler: echoes
			if message == "" {
				message = "invalid value"
			}
			fields = append(fields, FieldProblem{detail.Location, message})
		}
	}
	if p == nil {
		p = problem(codeOf(status))
	}
	p.Errors = append(p.Errors, fields...)
	return p
}

// codeOf names the problems that huma finds by status alone.
func codeOf(status int) code {
	switch status {
	case http.StatusBadRequest:
		return malformedBody
	case http.StatusRequestTimeout:
		return bodyTimeout
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge
	case http.StatusUnsupportedMediaType:
		return unsupportedMediaType
	case http.StatusUnprocessableEntity:
		return validationFailed
	default:
		return internalError
	}
}
