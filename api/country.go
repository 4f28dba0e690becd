package api

import (
	"regexp"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/language"
)

// country is an ISO 3166-1 alpha-2 code that is in use, in capitals.
type country string

var alpha2 = regexp.MustCompile(`^[A-Z]{2}$`)

// Schema implements huma.SchemaProvider.
func (country) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: alpha2.String(), PatternDescription: "an ISO 3166-1 alpha-2 code",
		Examples: []any{"PT"},
	}
}

// Resolve implements huma.ResolverWithPath.
func (c country) Resolve(_ huma.Context, path *huma.PathBuffer) []error {
	if !alpha2.MatchString(string(c)) {
		return nil // absent, or refused by its schema
	}
	if region, err := language.ParseRegion(string(c)); err != nil || !region.IsCountry() || region.String() != string(c) {
		return []error{&huma.ErrorDetail{Location: path.String(), Message: "expected a country of ISO 3166-1"}}
	}
	return nil
}

// text gives the code to the store; nil stays nil.
func (c *country) text() *string { return (*string)(c) }
