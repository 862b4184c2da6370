package authz

import "tierbook/app/platform/scope"

// Knows reports whether the policy says anything of role at tier: what it does
// not speak of is no role there.
func (a *Authz) Knows(role string, tier scope.Tier) bool {
	lines, err := a.enforcer.GetPolicy()
	if err != nil {
		return false
	}
	for _, l := range lines {
		if l[0] == role && (l[1] == "*" || l[1] == tier.String()) {
			return true
		}
	}
	return false
}
