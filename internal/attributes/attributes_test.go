package attributes

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNumbersStayAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{}`, `{"a":12345678901234567890}`, `{"a":0.1,"b":[1.50,-0.0,1e3,{"c":9007199254740993}]}`, `{"a":null,"b":true,"c":"x"}`, `{"a":0e-9999}`,
	} {
		var object Object
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if again, err := json.Marshal(object); err != nil || string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
}

func TestWhatTheDatabaseCannotKeepIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`[]`, `"a"`, `1`, `{"a":1e400}`, `{"a":-1e400}`, `{"a":1e-400}`, `{"a":[{"b":1E-20000}]}`, `{"a":"\u0000"}`, `{"\u0000":1}`, `{"a":{"b\u0000":1}}`,
		`{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		var object Object
		if err := json.Unmarshal([]byte(text), &object); err == nil {
			t.Errorf("%.60s is taken for %v", text, object)
		}
	}
	var none Object
	if err := json.Unmarshal([]byte("null"), &none); err != nil || none != nil {
		t.Errorf("null is %v, %v", none, err)
	}
	if err := none.UnmarshalJSON([]byte(`{} {}`)); err == nil {
		t.Error("two objects are taken for one")
	}
}
