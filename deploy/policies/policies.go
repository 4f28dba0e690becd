// Package policies holds what each role may do in the lake's zones, in IAM's language: a file a role.
// PREFIX stands for what is put before the names of the buckets.
package policies

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Roles lists the roles that have a policy, in alphabetical order.
func Roles() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // it is embedded
	}
	var roles []string
	for _, entry := range entries {
		roles = append(roles, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())))
	}
	slices.Sort(roles)
	return roles
}

// Of returns a role's policy for buckets whose names begin with prefix.
func Of(role, prefix string) ([]byte, error) {
	policy, err := files.ReadFile(role + ".json")
	if err != nil {
		return nil, fmt.Errorf("role %s has no policy in the lake", role)
	}
	return bytes.ReplaceAll(policy, []byte("PREFIX"), []byte(prefix)), nil
}
