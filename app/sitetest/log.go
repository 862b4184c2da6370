package sitetest

import (
	"bytes"
	"slices"
	"sync"
)

// Log is what a program wrote. The zero Log is empty.
type Log struct {
	mu       sync.Mutex
	failures []string
	all      bytes.Buffer
}

// Write takes one line, as slog writes them.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(line, []byte("level=ERROR")) {
		l.failures = append(l.failures, string(line))
	}
	return l.all.Write(line)
}

// Failures returns the lines of level ERROR: bugs, not what users did wrong.
func (l *Log) Failures() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failures)
}

// String returns all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
