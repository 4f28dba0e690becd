package auth

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // what published lists of leaked passwords hold; nothing is kept under it
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// digest is the SHA-1 of a password.
type digest [sha1.Size]byte

func digestOf(password string) digest {
	return sha1.Sum([]byte(password)) //nolint:gosec // see digest
}

// LoadBlocklist refuses, from now on, the passwords of a list: one a line, in any case, or its SHA-1 in
// hexadecimal, which a colon and a count may follow. Empty lines and those that begin with # say nothing. A
// line takes 20 bytes of memory. It must not be called while passwords are checked.
func (p *Passwords) LoadBlocklist(list io.Reader) error {
	lines := bufio.NewScanner(list)
	for number := 1; lines.Scan(); number++ {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(line)) == 0 || line[0] == '#' {
			continue
		}
		p.blocklist = append(p.blocklist, listed(line))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the list of refused passwords: %w", err)
	}
	slices.SortFunc(p.blocklist, compare)
	p.blocklist = slices.Compact(p.blocklist)
	return nil
}

// listed is what a line of a list stands for.
func listed(line []byte) digest {
	text, _, _ := bytes.Cut(line, []byte(":"))
	var known digest
	if n, err := hex.Decode(make([]byte, len(text)), text); err == nil && n == len(known) {
		_, _ = hex.Decode(known[:], text)
		return known
	}
	return digestOf(strings.ToLower(normalize(string(line))))
}

// blocked reports whether a list holds password, as it is or in small letters.
func (p *Passwords) blocked(password string) bool {
	for _, spelling := range []string{password, strings.ToLower(password)} {
		if _, found := slices.BinarySearchFunc(p.blocklist, digestOf(spelling), compare); found {
			return true
		}
	}
	return false
}

func compare(a, b digest) int { return cmp.Compare(string(a[:]), string(b[:])) }
