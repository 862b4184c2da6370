// Package authz decides who may do what. It is the only package that knows
// casbin, which is asked for (role, tier, resource, action); which roles a user
// has where comes with the scope, read with the session.
package authz

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"tierbook/app/kernel/errs"
	"tierbook/app/platform/scope"
)

// Permission is what a use case needs: "<resource>.<action>", such as
// "contracts.write". Modules declare theirs as constants.
type Permission string

func (p Permission) split() (resource, action string) {
	resource, action, _ = strings.Cut(string(p), ".")
	return resource, action
}

// Authz answers from one model and policy. It is safe for concurrent use.
type Authz struct {
	enforcer *casbin.Enforcer
	answers  sync.Map // question → bool; the policy does not change while we run
}

type question struct {
	role string
	tier scope.Tier
	perm Permission
}

// New reads a casbin model and a policy of lines
// "p, role, tier, resource, action", where * stands for all.
func New(modelText, policy string) (*Authz, error) {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("read the access model: %w", err)
	}
	e, err := casbin.NewEnforcer(m, stringadapter.NewAdapter(policyLines(policy)))
	if err != nil {
		return nil, fmt.Errorf("read the access policy: %w", err)
	}
	return &Authz{enforcer: e}, nil
}

// policyLines drops comments and empty lines, which casbin's adapter does not
// know.
func policyLines(policy string) string {
	var out []string
	for line := range strings.Lines(policy) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

var errForbidden = errs.New(errs.Forbidden, "authz.forbidden", "Your role does not allow this.")

// Need returns nil if one of the roles of ctx's actor allows p at the tier of
// the tenant in whose perspective it acts.
//
// Errors: Forbidden if none does; Internal if ctx has no scope.
func (a *Authz) Need(ctx context.Context, p Permission) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	for _, role := range sc.Actor.Roles {
		ok, err := a.allows(question{role, sc.Tier, p})
		if err != nil {
			return fmt.Errorf("decide on %s: %w", p, err)
		}
		if ok {
			return nil
		}
	}
	return fmt.Errorf("%s as %s: %w", p, sc.Actor, errForbidden)
}

// Can reports whether Need would return nil; for what a page shows.
func (a *Authz) Can(ctx context.Context, p Permission) bool { return a.Need(ctx, p) == nil }

// Exists reports whether any role of the policy allows p at tier: what no role
// can reach does not exist for tenants of that tier.
func (a *Authz) Exists(tier scope.Tier, p Permission) bool {
	policy, err := a.enforcer.GetPolicy()
	if err != nil {
		return false
	}
	for _, line := range policy { // role, tier, resource, action
		if line[0] == operator {
			continue
		}
		if ok, err := a.allows(question{line[0], tier, p}); ok && err == nil {
			return true
		}
	}
	return false
}

// operator is the role of the system itself.
const operator = "operator"

func (a *Authz) allows(q question) (bool, error) {
	if v, ok := a.answers.Load(q); ok {
		return v.(bool), nil
	}
	resource, action := q.perm.split()
	ok, err := a.enforcer.Enforce(q.role, q.tier.String(), resource, action)
	if err != nil {
		return false, err
	}
	a.answers.Store(q, ok)
	return ok, nil
}
