package auth

import (
	"iter"
	"maps"
)

// Decoy is what nobody's password is compared with.
func (p *Passwords) Decoy() string { return p.decoy }

// Common is what the list of refused words has.
func (p *Passwords) Common() iter.Seq[string] { return maps.Keys(p.common) }
