package tenancy

import (
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/scope"
)

// Tenant is an organisation in the channel.
type Tenant struct {
	ID          id.Tenant
	Tree        id.Tenant // the distributor at the top; ID itself for a distributor
	Distributor string    // slug of Tree; "" where the scope does not see it
	Tier        scope.Tier
	Slug        string // unique in its tree; a distributor's in the installation
	Name        string
	CreatedAt   time.Time
}

// Path returns «distributor/slug», which names the tenant in the installation,
// or the slug alone where the scope does not see the distributor.
func (t Tenant) Path() string {
	if t.Distributor == "" {
		return t.Slug
	}
	return t.Distributor + "/" + t.Slug
}

// System returns the scope of a named part of the system that acts as t.
func (t Tenant) System(name string) scope.Scope { return scope.System(t.ID, t.Tree, t.Tier, name) }

// Placement says who stood directly above a tenant, and in which months.
type Placement struct {
	Tenant id.Tenant
	Parent id.Tenant
	Months period.Months
}

// Link asks for the chain from an owner down to a tenant.
type Link struct {
	Owner  id.Tenant
	Tenant id.Tenant
}

// Chain is who was above whom in one month: the owner first, each one the
// parent of the next, the tenant last. A tenant's chain from itself has one
// member. It is empty where the tenant was not below the owner.
type Chain []Tenant

// Descendant is a tenant below the acting one in some month.
type Descendant struct {
	Tenant
	Parent id.Tenant // zero for the acting tenant itself
	Depth  int       // 0 for the acting tenant, 1 for its children
}

// CreateInput describes a new tenant.
type CreateInput struct {
	Tier scope.Tier
	Name string
	// Slug is made from Name where empty, with -2, -3 … behind it if it is
	// taken. A slug that is given is taken as it is or refused.
	Slug string
	// Parent is zero for a distributor. A reseller's parent is a distributor, a
	// customer's a reseller or a distributor.
	Parent id.Tenant
	// Months is when the tenant stands under Parent; zero means always.
	Months period.Months
	// By is who makes a distributor where the context has no scope yet. It is
	// ignored for any other tenant and where there is a scope.
	By scope.Actor
}

// PlaceInput puts an existing tenant under a parent for months in which it has
// none yet.
type PlaceInput struct {
	Tenant id.Tenant
	Parent id.Tenant
	Months period.Months
}

// Errors of this module. Every NotFound is the same for an id that nobody has
// and for one that the acting tenant may not see.
var (
	ErrNotFound     = errs.New(errs.NotFound, "tenancy.not_found", "There is no such tenant.")
	ErrSlugTaken    = errs.New(errs.Conflict, "tenancy.slug_taken", "This slug is already in use.")
	ErrPlaced       = errs.New(errs.Conflict, "tenancy.already_placed", "The tenant already has a parent in some of these months.")
	ErrParentMonths = errs.New(errs.FailedPrecondition, "tenancy.parent_months", "The parent itself is not there in some of these months.")
	ErrAmbiguous    = errs.New(errs.Invalid, "tenancy.ambiguous", "This slug names several tenants.")
	errInvalid      = errs.New(errs.Invalid, "tenancy.invalid", "The tenant is not valid.")
	errParentTier   = errs.New(errs.Invalid, "tenancy.parent_tier", "A reseller's parent is a distributor, a customer's a reseller or a distributor.")
	errNotOperator  = errs.New(errs.Internal, "tenancy.no_operator", "This process has no database role that sees all trees.")
)

// maxName is the longest name and slug, in bytes.
const maxName = 200

// Validate reports everything that is wrong with the input in itself: an
// unknown tier, an empty name, a malformed slug, a missing or superfluous
// parent, an empty range of months.
func (in CreateInput) Validate() error {
	err := errInvalid
	fail := func(field, message string) {
		if len(err.Fields) == 0 {
			err = errs.New(errs.Invalid, errInvalid.Code, message)
		}
		err = err.WithField(field, message)
	}
	if in.Tier < scope.Distributor || in.Tier > scope.Customer {
		fail("tier", "The tier is distributor, reseller or customer.")
	}
	if in.Name == "" || len(in.Name) > maxName {
		fail("name", "A tenant needs a name of at most 200 bytes.")
	}
	if in.Slug == reservedSlug || in.Slug != "" && !isSlug(in.Slug) {
		fail("slug", "A slug consists of a–z, 0–9 and single hyphens, and is not «"+reservedSlug+"».")
	}
	if (in.Tier == scope.Distributor) != in.Parent.IsZero() {
		fail("parent", "A distributor has no parent, every other tenant has one.")
	}
	if in.Months.IsEmpty() {
		fail("months", "The months end before they start.")
	}
	if len(err.Fields) > 0 {
		return err
	}
	return nil
}

// mayStandUnder reports whether a tenant of tier child may have a parent of
// tier parent.
func mayStandUnder(child, parent scope.Tier) bool {
	switch child {
	case scope.Reseller:
		return parent == scope.Distributor
	case scope.Customer:
		return parent == scope.Distributor || parent == scope.Reseller
	}
	return false
}

// isSlug reports whether s is written as a slug is. The reserved one is; no
// tenant has it.
func isSlug(s string) bool { return s == reservedSlug || len(s) <= maxName && s == slugOf(s) }

// folds writes letters of European names in ASCII; what is not in it and not
// ASCII separates words.
var folds = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "å", "a", "þ", "th", "ð", "d",
	"à", "a", "á", "a", "â", "a", "ã", "a", "ā", "a", "ă", "a", "ą", "a", "ç", "c", "ć", "c", "č", "c",
	"ď", "d", "đ", "d", "è", "e", "é", "e", "ê", "e", "ë", "e", "ē", "e", "ę", "e", "ě", "e", "ğ", "g",
	"ì", "i", "í", "i", "î", "i", "ï", "i", "ī", "i", "ı", "i", "ł", "l", "ľ", "l", "ñ", "n", "ń", "n", "ň", "n",
	"ò", "o", "ó", "o", "ô", "o", "õ", "o", "ō", "o", "ő", "o", "ŕ", "r", "ř", "r", "ś", "s", "š", "s", "ş", "s", "ș", "s",
	"ť", "t", "ţ", "t", "ț", "t", "ù", "u", "ú", "u", "û", "u", "ū", "u", "ů", "u", "ű", "u", "ý", "y", "ÿ", "y",
	"ź", "z", "ż", "z", "ž", "z", "&", " and ", "'", "", "’", "",
)

// reservedSlug stands in addresses where a slug would: at the form that adds a
// tenant.
const reservedSlug = "new"

// slugOf makes a slug of a name: ASCII letters and digits in lower case, with
// single hyphens between words. Names without any make «tenant», and so does
// the reserved one.
func slugOf(name string) string {
	folded := folds.Replace(strings.ToLower(name))
	words := strings.FieldsFunc(folded, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	slug := strings.Join(words, "-")
	if slug == "" || slug == reservedSlug {
		return "tenant"
	}
	return strings.Trim(slug[:min(len(slug), maxName)], "-")
}
