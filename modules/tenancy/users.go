package tenancy

import (
	"net/mail"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

// User is a person who signs in. A user belongs to one tenant and may have
// roles at that tenant and at tenants below it.
type User struct {
	ID         id.User
	Tenant     id.Tenant
	Email      string // lower case; unique in the installation
	Name       string
	DisabledAt time.Time // zero: may sign in
	CreatedAt  time.Time
}

// Role is what a user may be at a tenant. Name is one of the roles of the
// access policy in configs.
type Role struct {
	Tenant id.Tenant
	Name   string
}

// CreateUserInput describes a new user. Email is trimmed and put in lower case.
type CreateUserInput struct {
	Tenant   id.Tenant
	Email    string
	Name     string
	Password string   // used exactly as given; see weakness
	Roles    []string // at Tenant
}

// RoleInput names one role of one user at one tenant.
type RoleInput struct {
	User   id.User
	Tenant id.Tenant
	Role   string
}

// Errors of users.
var (
	ErrUserNotFound = errs.New(errs.NotFound, "tenancy.user_not_found", "There is no such user.")
	ErrEmailTaken   = errs.New(errs.Conflict, "tenancy.email_taken", "This e-mail address is already in use.")
	ErrCredentials  = errs.New(errs.Unauthenticated, "tenancy.credentials", "The e-mail address or the password is wrong.")
	errUserInvalid  = errs.New(errs.Invalid, "tenancy.user_invalid", "The user is not valid.")
)

// invalidUser is Invalid with one field to blame.
func invalidUser(field, message string) error {
	return errs.New(errs.Invalid, errUserInvalid.Code, message).WithField(field, message)
}

// Validate reports everything that is wrong with the input in itself.
func (in CreateUserInput) Validate() error {
	err := errUserInvalid
	fail := func(field, message string) {
		if len(err.Fields) == 0 {
			err = errs.New(errs.Invalid, errUserInvalid.Code, message)
		}
		err = err.WithField(field, message)
	}
	if a, perr := mail.ParseAddress(in.Email); perr != nil || a.Address != in.Email || len(in.Email) > 320 {
		fail("email", "This is not an e-mail address.")
	}
	if strings.TrimSpace(in.Name) == "" || len(in.Name) > maxName {
		fail("name", "A user needs a name of at most 200 bytes.")
	}
	if message := weakness(in.Password, in.Email, in.Name); message != "" {
		fail("password", message)
	}
	for _, r := range in.Roles {
		if !isSlug(strings.ReplaceAll(r, "_", "-")) {
			fail("roles", "A role has a name such as finance.")
		}
	}
	if len(err.Fields) > 0 {
		return err
	}
	return nil
}

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
