package store

import "errors"

// ErrNotFound is returned when a row that was asked for does not exist.
var ErrNotFound = errors.New("not found")
