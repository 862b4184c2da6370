package contracts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// Comparison is two versions of a contract side by side.
type Comparison struct {
	Detail
	Old    Version
	New    Version
	Fields []FieldDiff // of the terms outside rules, changed ones only
	Rules  []RuleDiff  // in the order of the new version, removed ones where they were
}

// FieldDiff is a value that two versions have different.
type FieldDiff struct {
	Name string // "basis", "covers", …
	Old  string
	New  string
}

// RuleDiff is a rule in two versions.
type RuleDiff struct {
	Old     *rules.Rule // nil: added
	New     *rules.Rule // nil: removed
	OldRank int         // from 1; 0 if added
	NewRank int         // from 1; 0 if removed
	Moved   bool        // its order among the rules that both have is another
	Fields  []FieldDiff // that changed
}

// IsChanged reports whether there is anything to show.
func (d RuleDiff) IsChanged() bool {
	return d.Old == nil || d.New == nil || d.Moved || len(d.Fields) > 0
}

// Compare returns two versions of a contract side by side; numbers of 0 stand
// for the newest version and the one before it.
//
// Needs contracts.read. Errors: ErrNotFound for a contract outside the scope
// and a version that it does not have.
func (s *Service) Compare(ctx context.Context, c id.Contract, old, next int) (Comparison, error) {
	d, err := s.Get(ctx, c)
	if err != nil {
		return Comparison{}, err
	}
	next = cmp.Or(next, d.Versions[0].Number)
	old = cmp.Or(old, max(1, next-1))
	out := Comparison{Detail: d}
	var okOld, okNew bool
	out.Old, okOld = d.version(old)
	out.New, okNew = d.version(next)
	if !okOld || !okNew {
		return Comparison{}, ErrNotFound
	}
	out.Fields = termsDiff(out.Old, out.New)
	out.Rules = rulesDiff(out.Old.Terms.Rules, out.New.Terms.Rules)
	return out, nil
}

func (d Detail) version(number int) (Version, bool) {
	i := slices.IndexFunc(d.Versions, func(v Version) bool { return v.Number == number })
	if i < 0 {
		return Version{}, false
	}
	return d.Versions[i], true
}

// DocumentOf returns a version as code.
func (d Detail) DocumentOf(v Version) Document {
	out := d.Document
	out.From, out.Terms = v.From, v.Terms
	return out
}

// Money prices the last month in which something was sold through the contract
// by both versions, for everybody who buys through it. It must be called
// outside of a transaction.
//
// Needs contracts.preview. Errors: as Effect.
func (s *Service) Money(ctx context.Context, c Comparison, month period.Month) (Effect, error) {
	return s.Effect(ctx, EffectInput{Draft: c.DocumentOf(c.New), Before: &c.Old, Month: month})
}

func termsDiff(old, next Version) []FieldDiff {
	var out []FieldDiff
	add := func(name, a, b string) {
		if a != b {
			out = append(out, FieldDiff{name, a, b})
		}
	}
	add("from", old.From.String(), next.From.String())
	add("basis", string(old.Terms.Basis), string(next.Terms.Basis))
	add("currency", string(old.Terms.Currency), string(next.Terms.Currency))
	add("covers", coversText(old.Terms.Covers), coversText(next.Terms.Covers))
	add("missing", string(old.Terms.Missing), string(next.Terms.Missing))
	return out
}

// anyProvider stands for the provider of coverage that names payers alone.
const anyProvider = "any provider"

// coversText says what is covered: «all», «aws; azure: 123, 456».
func coversText(c rules.Covers) string {
	if len(c) == 0 {
		return "all"
	}
	parts := make([]string, len(c))
	for i, one := range c {
		parts[i] = cmp.Or(one.Provider, anyProvider)
		if len(one.Payers) > 0 {
			parts[i] += ": " + strings.Join(one.Payers, ", ")
		}
	}
	return strings.Join(parts, "; ")
}

// rulesDiff pairs rules by name, then those that say the same under another
// name.
func rulesDiff(old, next []rules.Rule) []RuleDiff {
	pairs := pair(old, next)
	stay := longestRising(pairs)
	var out []RuleDiff
	shown := 0 // old rules before this one are in out
	removedUpTo := func(n int) {
		for ; shown < n; shown++ {
			if !slices.Contains(pairs, shown) {
				out = append(out, RuleDiff{Old: &old[shown], OldRank: shown + 1})
			}
		}
	}
	for i := range next {
		d := RuleDiff{New: &next[i], NewRank: i + 1}
		if at := pairs[i]; at >= 0 {
			d.Old, d.OldRank, d.Moved = &old[at], at+1, !slices.Contains(stay, i)
			d.Fields = ruleFields(old[at], next[i])
			if !d.Moved {
				removedUpTo(at)
			}
		}
		out = append(out, d)
	}
	removedUpTo(len(old))
	return out
}

// pair returns for each new rule the index of its old one, -1 for none.
func pair(old, next []rules.Rule) []int {
	out := slices.Repeat([]int{-1}, len(next))
	free := func(i int) bool { return !slices.Contains(out, i) }
	for i, r := range next {
		at := slices.IndexFunc(old, func(o rules.Rule) bool { return o.Name == r.Name })
		if at >= 0 && free(at) {
			out[i] = at
		}
	}
	for i, r := range next {
		if out[i] >= 0 {
			continue
		}
		for at, o := range old {
			if free(at) && o.Stage == r.Stage && o.When == r.When && o.Then == r.Then && o.Per == r.Per {
				out[i] = at
				break
			}
		}
	}
	return out
}

// longestRising returns the indices of a longest rising run in pairs: rules
// that keep their order. What is left has moved.
func longestRising(pairs []int) []int {
	length := make([]int, len(pairs))
	from := slices.Repeat([]int{-1}, len(pairs))
	best := -1
	for i, at := range pairs {
		if at < 0 {
			continue
		}
		length[i] = 1
		for j := range i {
			if pairs[j] >= 0 && pairs[j] < at && length[j]+1 > length[i] {
				length[i], from[i] = length[j]+1, j
			}
		}
		if best < 0 || length[i] > length[best] {
			best = i
		}
	}
	var out []int
	for i := best; i >= 0; i = from[i] {
		out = append(out, i)
	}
	return out
}

func ruleFields(a, b rules.Rule) []FieldDiff {
	var out []FieldDiff
	add := func(name, old, next string) {
		if old != next {
			out = append(out, FieldDiff{name, old, next})
		}
	}
	add("name", a.Name, b.Name)
	add("stage", string(a.Stage), string(b.Stage))
	add("when", string(a.When), string(b.When))
	add("then", string(a.Then), string(b.Then))
	add("label", a.Label, b.Label)
	add("stop", fmt.Sprint(a.Stop), fmt.Sprint(b.Stop))
	add("per", string(a.Per), string(b.Per))
	return out
}

func compareText(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }

// ErrOvertaken says that somebody else saved a version, or other months,
// meanwhile.
var ErrOvertaken = errs.New(errs.Conflict, "contracts.overtaken", "This contract was saved by somebody else while you were editing.")
