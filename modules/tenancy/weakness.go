package tenancy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

// trivial are words that everybody tries first, alone, repeated, and with
// digits and punctuation around or between.
var trivial = []string{
	"password", "passwort", "passw", "passwd", "secret", "admin", "administrator", "welcome", "willkommen", "letmein", "changeme",
	"qwerty", "qwertyuiop", "qwertz", "qwertzuiop", "azerty", "asdf", "asdfghjkl", "zxcvbnm", "abcdefghijkl", "iloveyou",
	"default", "test", "testing", "demo", "user", "guest", "root", "login", "tierbook", "finance", "billing", "invoice",
	"mypassword", "newpassword", "adminadmin", "passwordpassword", "thisismypassword", "monkey", "dragon", "football", "sunshine", "princess",
}

// weakness says why a password is not good enough, "" where it is: it has 12
// characters to 1024 bytes, is not one of the words that everybody tries, nor
// the user's address or name, nor a few characters again and again.
func weakness(password, email, name string) string {
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return "A password has at least 12 characters, and at most 1024 bytes."
	}
	if isMonotonous(password) {
		return "This password is a few characters again and again: choose one that is harder to guess."
	}
	word := repeated(letters(password))
	local, _, _ := strings.Cut(email, "@")
	for _, own := range []string{email, local, name} {
		if l := letters(own); l != "" && word == repeated(l) {
			return "This password is your name or address: choose one that is harder to guess."
		}
	}
	if slices.Contains(trivial, word) {
		return "This password is one of those that everybody tries first: choose another."
	}
	return ""
}

// leet writes the digits that people put for letters as those letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s")

// letters returns the letters of s in lower case, with digits before and
// behind left away and those inside read as letters.
func letters(s string) string {
	s = strings.TrimFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && r != '@' && r != '$' })
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, leet.Replace(s))
}

// repeated returns what s is a repetition of, s itself where of nothing.
func repeated(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if len(s)%n == 0 && strings.Repeat(s[:n], len(s)/n) == s {
			return s[:n]
		}
	}
	return s
}

// isMonotonous reports whether s has fewer than five different characters, or
// consists of steps up or down only, such as 123456789012.
func isMonotonous(s string) bool {
	runes := []rune(s)
	seen, steps := map[rune]bool{}, 0
	for i, r := range runes {
		seen[r] = true
		if i == 0 {
			continue
		}
		if d := r - runes[i-1]; d >= -1 && d <= 1 || d == '0'-'9' || d == '9'-'0' {
			steps++
		}
	}
	return len(seen) < 5 || steps == len(runes)-1
}
