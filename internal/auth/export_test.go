package auth

// Decoy is what nobody's password is compared with.
func (p *Passwords) Decoy() string { return p.decoy }

// Words are what the list of refused words has.
func (p *Passwords) Words() []string { return p.words }
