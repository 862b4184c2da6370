// Package errs classifies failures by what the caller can do about them.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what the caller can do about an error.
type Kind uint8

const (
	Internal           Kind = iota // a bug or a broken dependency: log, show nothing
	Invalid                        // the input is wrong: show fields, try again
	NotFound                       // absent, or not visible in this scope
	Conflict                       // someone else was first: reload
	FailedPrecondition             // right request, wrong state: explain
	Forbidden                      // visible, but not allowed
	Unauthenticated                // nobody is signed in
	RateLimited                    // too often: wait
)

var kindNames = [...]string{
	"internal", "invalid", "not_found", "conflict", "failed_precondition", "forbidden", "unauthenticated", "rate_limited",
}

// String returns the kind's stable name, such as "not_found".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error is a failure with a stable code and a sentence fit for users.
type Error struct {
	Kind    Kind
	Code    string            // "customers.already_suspended": stable, for API clients and tests
	Message string            // "This customer is already suspended."
	Fields  map[string]string // field → message, for Invalid; nil otherwise
}

// New returns an error of kind with a stable code and a sentence for users.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Newf is New with a formatted message.
func Newf(kind Kind, code, format string, args ...any) *Error {
	return New(kind, code, fmt.Sprintf(format, args...))
}

// WithField returns a copy of e that also blames field.
func (e *Error) WithField(field, message string) *Error {
	c := *e
	c.Fields = make(map[string]string, len(e.Fields)+1)
	for k, v := range e.Fields {
		c.Fields[k] = v
	}
	c.Fields[field] = message
	return &c
}

// Error returns the sentence for users.
func (e *Error) Error() string { return e.Message }

// Is reports whether target is an *Error with the same code, so that
// errors.Is finds a variable's copies made by WithField.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// KindOf returns the kind of the first *Error in err's chain; Internal for any
// other error, and for nil.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Message returns the sentence of the first *Error in err's chain; ok is false
// for any other error, whose text is not fit for users.
func Message(err error) (message string, ok bool) {
	if e, found := errors.AsType[*Error](err); found {
		return e.Message, true
	}
	return "", false
}
