package settings

import (
	"fmt"
	"reflect"
	"strings"
)

// CheckProduction refuses, in production mode, any setting of groups that still holds the
// development password.
func (e Environment) CheckProduction(groups ...any) error {
	if !e.Production() {
		return nil
	}
	for _, group := range groups {
		value := reflect.ValueOf(group)
		for i := range value.NumField() {
			name := value.Type().Field(i).Tag.Get("env")
			if name != "" && strings.Contains(fmt.Sprint(value.Field(i).Interface()), DevelopmentPassword) {
				return &Error{name, "holds the development password, which production mode refuses"}
			}
		}
	}
	return nil
}
