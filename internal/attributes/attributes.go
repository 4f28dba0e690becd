// Package attributes reads what a vendor says of a product beyond its columns: a JSON object whose
// numbers stay as they are written, whatever a floating-point number would make of them.
package attributes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Most is how many members an object may have, and deepest how far they may nest.
const (
	Most    = 100
	deepest = 100
)

// Object has JSON's types; numbers are json.Number. nil where none was sent.
type Object map[string]any

// UnmarshalJSON implements json.Unmarshaler. It fails for what the database could not keep: the character
// U+0000, numbers beyond the range of a float64, or members nested more than a hundred deep.
func (o *Object) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	if err := check(members, 0); err != nil {
		return err
	}
	*o = members
	return nil
}

func check(value any, depth int) error {
	if depth > deepest {
		return fmt.Errorf("nested more than %d deep", deepest)
	}
	switch value := value.(type) {
	case string:
		if strings.ContainsRune(value, 0) {
			return errors.New("U+0000 in a text")
		}
	case json.Number:
		// What is too small for a float64 becomes 0 without an error.
		size, err := strconv.ParseFloat(string(value), 64)
		mantissa, _, _ := strings.Cut(strings.ToLower(string(value)), "e")
		if err != nil || (size == 0 && strings.ContainsAny(mantissa, "123456789")) {
			return fmt.Errorf("%.40s is out of range", value)
		}
	case []any:
		for _, item := range value {
			if err := check(item, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, member := range value {
			if strings.ContainsRune(name, 0) {
				return errors.New("U+0000 in a name")
			}
			if err := check(member, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
