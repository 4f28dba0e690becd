package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Revalidation is what an answer says of itself to a client that keeps it: to ask before using it
// again, with If-None-Match. Readers see different things, so their answers have different tags.
type Revalidation struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Vary         string `header:"Vary"`
}

// Revalidate is the part of an input that names what the client has kept.
type Revalidate struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"2000" doc:"ETags of answers that were kept: where one is still right the answer is 304, without a body."`
}

// kept is an answer that a client may keep.
type kept[T any] struct {
	Revalidation
	Status int
	Body   T
}

// keep answers with body, or with 304 where the client has it already. version is 0 for what has
// none.
func keep[T any](ctx context.Context, in Revalidate, version int64, body T) (*kept[T], error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	answer := &kept[T]{Status: http.StatusOK, Body: body}
	answer.ETag = tag(version, base64.RawURLEncoding.EncodeToString(digest[:12]))
	answer.Vary, answer.CacheControl = "Authorization", "no-cache"
	if principalOf(ctx).SignedIn() {
		answer.CacheControl = "private, no-cache"
	}
	if named(in.IfNoneMatch, answer.ETag) {
		answer.Status = http.StatusNotModified
	}
	return answer, nil
}

// tag is an ETag: of a thing that has versions it begins with its version, for If-Match.
func tag(version int64, digest string) string {
	if version == 0 {
		return `"` + digest + `"`
	}
	return `"` + strconv.FormatInt(version, 10) + "-" + digest + `"`
}

// named reports whether an If-None-Match names the tag (RFC 9110, 13.1.2: weak comparison).
func named(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for one := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == etag {
			return true
		}
	}
	return false
}

// versioned is the answer to a change: the thing as it is now, and the tag to change it again with.
type versioned[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func versionedOf[T any](version int64, body T) *versioned[T] {
	return &versioned[T]{ETag: `"` + strconv.FormatInt(version, 10) + `"`, Body: body}
}

// Expect is the part of an input that says which version a change is meant for.
type Expect struct {
	IfMatch string `header:"If-Match" maxLength:"2000" doc:"ETag of what was read: the change is refused with 412 when somebody else has changed it since. Left out, or *, the change is made whatever the version."`
}

// versions are those that the change is meant for; nil for all of them. What is in a tag after its
// version says how the thing was shown (its stock, its cost), which no change depends on.
func (e Expect) versions() []int64 {
	if header := strings.TrimSpace(e.IfMatch); header == "" || header == "*" {
		return nil
	}
	versions := []int64{}
	for one := range strings.SplitSeq(e.IfMatch, ",") {
		text, quoted := strings.CutPrefix(strings.TrimSpace(one), `"`) // a weak tag matches nothing
		text, ended := strings.CutSuffix(text, `"`)
		text, _, _ = strings.Cut(text, "-")
		version, err := strconv.ParseInt(text, 10, 64)
		if quoted && ended && err == nil && strconv.FormatInt(version, 10) == text { // as tag writes it: no sign, no zeros before
			versions = append(versions, version)
		}
	}
	return versions
}
