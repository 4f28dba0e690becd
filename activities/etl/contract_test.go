package etl_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"testing"

	"mercado/activities/etl"
	"mercado/workflows"
)

func TestWhatTemporalShowsIsNamedAsElsewhere(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile("^[a-z_]+$")
	for _, value := range []any{
		workflows.ETLInput{}, workflows.ETLResult{}, etl.BeginRequest{}, etl.FinishRequest{Steps: []*etl.Report{{}}},
		etl.Plan{}, etl.TableStep{}, etl.RunStep{},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range regexp.MustCompile(`"([^"]*)":`).FindAllStringSubmatch(string(text), -1) {
			if !name.MatchString(key[1]) {
				t.Errorf("%s has the key %s", reflect.TypeOf(value), key[1])
			}
		}
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	if got, want := etl.OneLine("failed to connect:\n\thost a: refused\r\n\n\thost b: refused\n"), "failed to connect:; host a: refused; host b: refused"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
