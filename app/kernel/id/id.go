// Package id gives every kind of record an identifier type of its own, so that
// an account's id can't be passed where a tenant's is due.
//
// Ids are UUIDv7: they sort by creation time, which keeps indexes compact. They
// carry no meaning and never enter a result hash.
package id

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

type kind interface{ name() string }

// ID identifies one record of the kind K. The zero value is nobody.
type ID[K kind] struct{ u uuid.UUID }

type (
	tenantKind     struct{}
	userKind       struct{}
	sessionKind    struct{}
	accountKind    struct{}
	importKind     struct{}
	deliveryKind   struct{}
	segmentKind    struct{}
	assignmentKind struct{}
	contractKind   struct{}
	versionKind    struct{}
	runKind        struct{}
	checkKind      struct{}
	eventKind      struct{}
)

func (tenantKind) name() string     { return "tenant" }
func (userKind) name() string       { return "user" }
func (sessionKind) name() string    { return "session" }
func (accountKind) name() string    { return "account" }
func (importKind) name() string     { return "import" }
func (deliveryKind) name() string   { return "delivery" }
func (segmentKind) name() string    { return "segment" }
func (assignmentKind) name() string { return "assignment" }
func (contractKind) name() string   { return "contract" }
func (versionKind) name() string    { return "contract version" }
func (runKind) name() string        { return "run" }
func (checkKind) name() string      { return "check" }
func (eventKind) name() string      { return "audit event" }

type (
	Tenant     = ID[tenantKind]     // Tenant is an organisation of any tier.
	User       = ID[userKind]       // User is a person who signs in.
	Session    = ID[sessionKind]    // Session is one sign-in of a user, until it ends.
	Account    = ID[accountKind]    // Account is a provider's sub account within one owner.
	Import     = ID[importKind]     // Import is one reading of one URL.
	Delivery   = ID[deliveryKind]   // Delivery is what one import says about a payer's month.
	Segment    = ID[segmentKind]    // Segment is an immutable file of usage lines.
	Assignment = ID[assignmentKind] // Assignment gives an account to a tenant for some months.
	Contract   = ID[contractKind]   // Contract is the agreement of one edge.
	Version    = ID[versionKind]    // Version is one saved state of a contract.
	Run        = ID[runKind]        // Run is one rating or period computation; the Job ID.
	Check      = ID[checkKind]      // Check is one stored reconciliation of a month.
	Event      = ID[eventKind]      // Event is one audit entry.
)

// Array writes ids as PostgreSQL reads an array of them, to be cast to uuid[]:
// one argument of a query, however many there are. The zero id is NULL, which
// nothing equals.
func Array[K kind](list []ID[K]) string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = cmp.Or(x.String(), "NULL")
	}
	return "{" + strings.Join(out, ",") + "}"
}

// Tenants are many tenants in one value of a query.
type Tenants = packed[tenantKind]

// Accounts are Tenants of accounts.
type Accounts = packed[accountKind]

// packed are ids as string_agg of uuid_send writes them, NULL for none:
// ten thousand rows take many times as long to read.
type packed[K kind] []ID[K]

// Scan reads ids that follow each other without anything between them.
func (p *packed[K]) Scan(src any) error {
	b, _ := src.([]byte)
	if src != nil && b == nil || len(b)%len(uuid.Nil) != 0 {
		return fmt.Errorf("%T of %d bytes are no ids", src, len(b))
	}
	*p = make(packed[K], len(b)/len(uuid.Nil))
	for i := range *p {
		copy((*p)[i].u[:], b[i*len(uuid.Nil):])
	}
	return nil
}

// New returns a fresh id. It panics if the machine has no randomness left.
func New[T ID[K], K kind]() T { return T{u: uuid.Must(uuid.NewV7())} }

// Parse reads the canonical text form. The error names the kind of record, and
// is not fit to tell a user whether such a record exists.
func Parse[T ID[K], K kind](s string) (T, error) {
	var k K
	u, err := uuid.Parse(s)
	if err != nil {
		return T{}, fmt.Errorf("%q is not a %s id", s, k.name())
	}
	return T{u: u}, nil
}

// IsZero reports whether i is nobody's id.
func (i ID[K]) IsZero() bool { return i.u == uuid.Nil }

// String returns the canonical text form, and "" for the zero id.
func (i ID[K]) String() string {
	if i.IsZero() {
		return ""
	}
	return i.u.String()
}

// UUID returns the id for libraries that want the plain type.
func (i ID[K]) UUID() uuid.UUID { return i.u }

// Of returns the id with the bytes of u.
func Of[T ID[K], K kind](u uuid.UUID) T { return T{u: u} }

// Compare orders ids by their bytes, that is by creation time.
func (i ID[K]) Compare(o ID[K]) int {
	for n := range i.u {
		if i.u[n] != o.u[n] {
			return int(i.u[n]) - int(o.u[n])
		}
	}
	return 0
}

// Value stores the id; the zero id is NULL.
func (i ID[K]) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.u.String(), nil
}

// Scan reads a stored id; NULL is the zero id.
func (i *ID[K]) Scan(src any) error {
	if src == nil {
		i.u = uuid.Nil
		return nil
	}
	return i.u.Scan(src)
}

// MarshalText writes the canonical form, and nothing for the zero id.
func (i ID[K]) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (i *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		i.u = uuid.Nil
		return nil
	}
	return i.u.UnmarshalText(b)
}
