package settings

import (
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Environ returns groups of settings as variables, the way a child process is given them.
func Environ(groups ...any) []string {
	var variables []string
	for _, group := range groups {
		value := reflect.ValueOf(group)
		for i := range value.NumField() {
			if name := value.Type().Field(i).Tag.Get("env"); name != "" {
				variables = append(variables, fmt.Sprintf("%s=%v", name, value.Field(i).Interface()))
			}
		}
	}
	return variables
}

// Foreign returns the variables of this process that are not settings of Mercado or Temporal: what
// a child starts from whose settings are to be exactly those that its parent names.
func Foreign() []string {
	var variables []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MERCADO_") && !strings.HasPrefix(variable, "TEMPORAL_") {
			variables = append(variables, variable)
		}
	}
	return variables
}
