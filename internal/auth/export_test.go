package auth

// Decoy is what nobody's password is compared with.
func (p *Passwords) Decoy() string { return p.decoy }
