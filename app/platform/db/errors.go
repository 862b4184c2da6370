package db

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"tierbook/app/kernel/errs"
)

// PostgreSQL's codes that mean something to callers.
const (
	codeUnique        = "23505"
	codeForeignKey    = "23503"
	codeCheck         = "23514"
	codeNotNull       = "23502"
	codeExclusion     = "23P01"
	codePrivilege     = "42501"
	codeSerialization = "40001"
	codeDeadlock      = "40P01"
	codeCanceled      = "57014"
	codeBytes         = "22021"
	codeEscape        = "22P05" // of a character that no text has, in JSON
)

var errBytes = errs.New(errs.Invalid, "db.bytes", "There are bytes in it that are no text.")

var kinds = map[string]*errs.Error{
	codeUnique:        errs.New(errs.Conflict, "db.exists", "It is already there."),
	codeExclusion:     errs.New(errs.Conflict, "db.overlaps", "It overlaps with one that is already there."),
	codeForeignKey:    errs.New(errs.FailedPrecondition, "db.reference", "Something that it refers to is not there, or something still refers to it."),
	codeCheck:         errs.New(errs.Invalid, "db.check", "A value is not allowed here."),
	codeNotNull:       errs.New(errs.Invalid, "db.missing", "A value is missing."),
	codePrivilege:     errs.New(errs.Internal, "db.privilege", "The database does not allow this here."),
	codeSerialization: errs.New(errs.Internal, "db.busy", "The database was too busy with the same records."),
	codeDeadlock:      errs.New(errs.Internal, "db.busy", "The database was too busy with the same records."),
	codeCanceled:      errs.New(errs.Internal, "db.timeout", "The database took too long."),
	codeBytes:         errBytes,
	codeEscape:        errBytes,
}

var errNotFound = errs.New(errs.NotFound, "db.not_found", "There is no such record.")

// translated is an error of PostgreSQL with its kind.
type translated struct {
	kind  *errs.Error
	cause error
}

func (t *translated) Error() string   { return t.cause.Error() }
func (t *translated) Unwrap() []error { return []error{t.kind, t.cause} }

// Translate gives an error of PostgreSQL its kind: unique and exclusion
// Conflict, foreign key FailedPrecondition, check, NOT NULL and bytes that
// are no text Invalid, no row NotFound. Errors that have a kind, and all
// others, stay as they are. InTx, ReadTx and Gorm's handle do this already.
func Translate(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*errs.Error](err); ok {
		return err
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return &translated{errNotFound, err}
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && kinds[pg.Code] != nil {
		return &translated{kinds[pg.Code], err}
	}
	return err
}

// ConstraintOf returns the name of the constraint that err is about, and "" if
// it is about none.
func ConstraintOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

func isRetryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == codeSerialization || pg.Code == codeDeadlock)
}
