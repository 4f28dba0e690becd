package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"mercado/internal/auth"
)

// everywhere says where the codes occur that no operation lists among its own.
var everywhere = map[code]string{
	validationFailed:     "every operation",
	internalError:        "every operation",
	unavailable:          "every operation",
	bodyTooLarge:         "every operation",
	invalidToken:         "every operation that looks at a token",
	expiredToken:         "every operation that looks at a token",
	unauthenticated:      "every operation that needs a token",
	forbidden:            "every operation that needs a token",
	malformedBody:        "every operation with a body",
	bodyTimeout:          "every operation with a body",
	unsupportedMediaType: "every operation with a body",
	methodNotAllowed:     "every path",
}

// nowhere stands in the page of errors for a code that nothing answers with: a test refuses it.
const nowhere = "nothing"

// ErrorsPage is docs/errors.md: every code with its status, its meaning, and who may answer it.
func (a *API) ErrorsPage() []byte {
	var page strings.Builder
	page.WriteString(`# Errors

Every answer that is not a success is a problem (RFC 9457) with the media type ` + "`application/problem+json`" + `.
Programs decide by its ` + "`code`" + `, which stays as it is once released; ` + "`detail`" + ` is for people and may change.
` + "`errors`" + ` says what is wrong where, and never repeats what was sent. ` + "`request_id`" + ` is the header
` + "`X-Request-Id`" + ` and stands in the logs. 429 and 503 say in ` + "`Retry-After`" + ` when to try again.

Written by ` + "`mercado openapi --print errors`" + `; do not edit.

| code | status | meaning | answered by |
|---|---|---|---|
`)
	names := slices.SortedFunc(maps.Keys(problems), func(a, b code) int {
		if by := problems[a].status - problems[b].status; by != 0 {
			return by
		}
		return strings.Compare(string(a), string(b))
	})
	for _, name := range names {
		var answeredBy []string
		if where := everywhere[name]; where != "" {
			answeredBy = append(answeredBy, where)
		}
		if name == notFound {
			answeredBy = append(answeredBy, "every path that is none")
		}
		for _, op := range a.operations {
			if slices.Contains(op.problems, name) && everywhere[name] == "" {
				answeredBy = append(answeredBy, "`"+op.id+"`")
			}
		}
		if len(answeredBy) == 0 {
			answeredBy = []string{nowhere}
		}
		known := problems[name]
		fmt.Fprintf(&page, "| `%s` | %d %s | %s | %s |\n", name, known.status, http.StatusText(known.status), known.detail, strings.Join(answeredBy, ", "))
	}
	return []byte(page.String())
}

// AccessPage is docs/access.md: every operation, and the roles that may call it.
func (a *API) AccessPage() []byte {
	var page strings.Builder
	page.WriteString(`# Who may do what

A customer or vendor has a permission for what is their own: what is another's does not exist for them, and is
answered with 404. Without the role the answer is 403, without a token 401. ` + "`TestAccessMatrix`" + ` calls every
operation as everybody, on resources that belong to somebody.

Written by ` + "`mercado openapi --print access`" + `; do not edit.

| operation | permission | anybody`)
	for _, role := range auth.Roles {
		page.WriteString(" | " + strings.ReplaceAll(string(role), "_", " "))
	}
	page.WriteString(" |\n|---|---|---" + strings.Repeat("|---", len(auth.Roles)) + "|\n")
	mark := func(granted bool) {
		if granted {
			page.WriteString(" yes |")
		} else {
			page.WriteString(" |")
		}
	}
	for _, op := range a.operations {
		fmt.Fprintf(&page, "| `%s %s` | %s |", op.method, op.path, op.permission)
		open := op.permission == auth.Open || op.permission == auth.Public
		mark(open)
		for _, role := range auth.Roles {
			mark(open || slices.Contains(op.permission.GrantedTo(), role))
		}
		page.WriteString("\n")
	}
	return []byte(page.String())
}
