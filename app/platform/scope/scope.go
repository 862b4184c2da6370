// Package scope carries for whom a request acts, from the edge to the store.
package scope

import (
	"context"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
)

// Tier is a tenant's place in the channel.
type Tier int16

const (
	Distributor Tier = 1 // sells to resellers and customers; the root of a tree
	Reseller    Tier = 2 // buys from the distributor, sells to customers
	Customer    Tier = 3 // uses what was sold
)

// String returns the tier's word in configuration, JSON and the command line.
func (t Tier) String() string {
	switch t {
	case Distributor:
		return "distributor"
	case Reseller:
		return "reseller"
	case Customer:
		return "customer"
	}
	return "unknown"
}

// Actor is who touches the data: a user, or a named part of the system.
type Actor struct {
	User  id.User  // zero for the system
	Name  string   // the user's e-mail address, or "job:billing.line_run", "cli:ada"
	Roles []string // names of casbin roles, read with the session; "operator" for the system
}

// String returns the actor as logs and the audit trail name it.
func (a Actor) String() string {
	if a.User.IsZero() {
		return a.Name
	}
	return "user:" + a.User.String()
}

// Scope says which tenant's data may be touched and who is touching it.
type Scope struct {
	Tenant  id.Tenant // in whose perspective: every query is limited to it and the tenants below
	Tree    id.Tenant // the distributor of its tree
	Tier    Tier
	Actor   Actor
	Request string // request id of logs and audit; a Job ID in workers
}

// System returns the scope of a named part of the system that acts as tenant.
func System(tenant, tree id.Tenant, tier Tier, name string) Scope {
	return Scope{Tenant: tenant, Tree: tree, Tier: tier, Actor: Actor{Name: name, Roles: []string{"operator"}}}
}

type contextKey struct{}

// With returns a context that acts in s.
func With(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

var errMissing = errs.New(errs.Internal, "scope.missing", "no scope in the context")

// From returns the scope in ctx. A missing scope is a programming error and is
// Internal: better a loud failure than a query without a tenant.
func From(ctx context.Context) (Scope, error) {
	s, ok := ctx.Value(contextKey{}).(Scope)
	if !ok || s.Tenant.IsZero() {
		return Scope{}, errMissing
	}
	return s, nil
}
