// Package activities does what workflows ask for: a struct per concern, its dependencies as
// fields, each method one side effect that may be retried.
package activities
