package auth

import (
	"slices"
	"strings"
)

// leastRun is how many neighbours in a row are a run rather than chance.
const leastRun = 4

// keyRows are the rows of keyboards, English, German and French.
var keyRows = [][]string{
	{"1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./"},
	{"1234567890", "qwertzuiop", "asdfghjklö", "yxcvbnm,.-"},
	{"1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn,;:!"},
}

// runs are what fingers and tongues go along, there and back: rows of keys, columns of keys one after the
// other, two rows in turns, the alphabet, and the digits.
var runs = func() []string {
	all := []string{"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "!@#$%^&*()_+", "147258369", "789456123"}
	for _, rows := range keyRows {
		all = append(all, rows...)
		var columns strings.Builder
		for column := range 10 {
			for _, row := range rows {
				columns.WriteRune([]rune(row)[column])
			}
		}
		all = append(all, columns.String())
		for i := range rows[1:] {
			all = append(all, inTurns(rows[i], rows[i+1]))
		}
	}
	for _, run := range slices.Clone(all) {
		letters := []rune(run)
		slices.Reverse(letters)
		all = append(all, string(letters))
	}
	// Columns from below: zaq1xsw2.
	for _, rows := range keyRows {
		var columns strings.Builder
		for column := range 10 {
			for _, row := range slices.Backward(rows) {
				columns.WriteRune([]rune(row)[column])
			}
		}
		all = append(all, columns.String())
	}
	slices.Sort(all)
	return slices.Compact(all)
}()

// runBeginnings are all pieces of runs that are as short as a run may be.
var runBeginnings = func() map[string]bool {
	pieces := map[string]bool{}
	for _, run := range runs {
		for letters := []rune(run); len(letters) >= leastRun; letters = letters[1:] {
			pieces[string(letters[:leastRun])] = true
		}
	}
	return pieces
}()

// inTurns takes a key of each row at a time: 1q2w3e.
func inTurns(upper, lower string) string {
	var turns strings.Builder
	below := []rune(lower)
	for i, key := range []rune(upper) {
		turns.WriteRune(key)
		turns.WriteRune(below[i])
	}
	return turns.String()
}

// withoutRuns is text without its runs.
func withoutRuns(text string) string {
	letters := []rune(text)
	var rest []rune
	for len(letters) >= leastRun {
		if !runBeginnings[string(letters[:leastRun])] {
			rest, letters = append(rest, letters[0]), letters[1:]
			continue
		}
		length := leastRun
		for length < len(letters) && isRun(string(letters[:length+1])) {
			length++
		}
		letters = letters[length:]
	}
	return string(append(rest, letters...))
}

func isRun(piece string) bool {
	return slices.ContainsFunc(runs, func(run string) bool { return strings.Contains(run, piece) })
}
