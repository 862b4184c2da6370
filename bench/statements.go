package bench

import (
	"sync"
	"time"
)

// Statements collects what statements took. The zero value is empty; it is safe
// for concurrent use.
type Statements struct {
	mu  sync.Mutex
	got StatementsTaken
}

// StatementsTaken is what was collected since the last time.
type StatementsTaken struct {
	Count       int
	Took        time.Duration // together
	Slowest     time.Duration
	SlowestText string
}

// Add takes in one statement.
func (s *Statements) Add(text string, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got.Count++
	s.got.Took += took
	if took > s.got.Slowest {
		s.got.Slowest, s.got.SlowestText = took, text
	}
}

// Take returns what was collected and starts anew.
func (s *Statements) Take() StatementsTaken {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = StatementsTaken{}
	return got
}
