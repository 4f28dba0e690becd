package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const (
	requestIDHeader = "X-Request-Id"
	userKey         = "user" // of gin's context: who is signed in, for the access log

	bodyTimeLimit   = 10 * time.Second
	uploadTimeLimit = 40 * time.Second // beside the write timeout of Serve
)

type requestIDKey struct{}

// requestID names the request in answers and logs.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

type clientAddressKey struct{}

// clientAddress is where the request comes from: the direct peer, or who a trusted proxy names.
func clientAddress(ctx context.Context) string {
	address, _ := ctx.Value(clientAddressKey{}).(string)
	return address
}

var acceptableID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identify gives the request an id, its caller's if that is harmless in a log.
func (a *API) identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !acceptableID.MatchString(id) {
		id = uuid.Must(uuid.NewV7()).String()
	}
	ctx := context.WithValue(c.Request.Context(), requestIDKey{}, id)
	c.Request = c.Request.WithContext(context.WithValue(ctx, clientAddressKey{}, c.ClientIP()))
	c.Header(requestIDHeader, id)
	c.Header("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(c.Request.URL.Path, "/api/") {
		c.Header("Cache-Control", "no-store") // unless the operation knows better
	}
	c.Next()
}

// observe measures and logs the request: no body, no token, no query string.
func (a *API) observe(c *gin.Context) {
	start := time.Now()
	c.Next()
	took := time.Since(start)
	route := c.FullPath()
	a.metrics.request(c.Request.Method, route, c.Writer.Status(), took)
	level := slog.LevelInfo
	if isProbe(route) {
		level = slog.LevelDebug
	}
	attributes := []slog.Attr{
		slog.String("request_id", requestID(c.Request.Context())),
		slog.String("method", c.Request.Method),
		slog.String("path", c.Request.URL.Path),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", took),
	}
	if user, signedIn := c.Get(userKey); signedIn {
		attributes = append(attributes, slog.Any("user", user))
	}
	a.Log.LogAttrs(c.Request.Context(), level, "request", attributes...)
}

// recoverPanics answers 500 when a handler panics, and logs where.
func (a *API) recoverPanics(c *gin.Context) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause)
		default:
			a.Log.ErrorContext(c.Request.Context(), "panic", "request_id", requestID(c.Request.Context()),
				"method", c.Request.Method, "route", c.FullPath(), "panic", cause, "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				a.answer(c, problem(internalError))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// readBody reads the whole body before anything is done, so that what is too large, too slow or
// cut off is refused in one place, and no read deadline outlives the reading.
func (a *API) readBody(c *gin.Context) {
	if err := checkQuery(c.Request.URL); err != nil {
		a.answer(c, err)
		return
	}
	if c.Request.ContentLength == 0 {
		c.Next()
		return
	}
	deadline := http.NewResponseController(c.Writer)
	if c.Request.Method == http.MethodPost && c.FullPath() == importsPath { // read by its operation, as it comes
		_ = deadline.SetReadDeadline(time.Now().Add(uploadTimeLimit))
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxUpload)
		c.Next()
		_ = deadline.SetReadDeadline(time.Time{})
		return
	}
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTimeLimit)) // a test's recorder has none
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	_ = deadline.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case err == nil:
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
		c.Next()
	case errors.As(err, &tooLarge):
		a.answer(c, problem(bodyTooLarge))
	case errors.As(err, &network) && network.Timeout():
		a.answer(c, problem(bodyTimeout))
	default:
		a.answer(c, problem(malformedBody))
	}
}

// checkQuery refuses what no text in Postgres can be.
func checkQuery(u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return invalid("query", "not a query string")
	}
	for name, values := range query {
		text := name + strings.Join(values, "")
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return invalid("query", "not text in UTF-8")
		}
	}
	return nil
}

// answer ends the request with the problem that err is.
func (a *API) answer(c *gin.Context, err error) {
	p := a.explain(c.Request.Context(), err)
	for name, values := range p.headers {
		c.Writer.Header()[name] = values
	}
	c.Header("Content-Type", p.ContentType(""))
	c.Status(p.Status)
	_ = json.NewEncoder(c.Writer).Encode(p) // a client that has gone needs no answer
	c.Abort()
}

// refuse answers every request with the same problem.
func (a *API) refuse(known code) gin.HandlerFunc {
	return func(c *gin.Context) { a.answer(c, problem(known)) }
}
