package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Options configure an Engine.
type Options struct {
	// Schedules are the fee schedules that support_fee may name.
	Schedules map[string]Schedule
	// SupportServices are the names of the providers' support services, which
	// fee_base leaves out. A name that ends in * is a prefix.
	SupportServices []string
}

// Engine compiles contracts and evaluates lone expressions. It is safe for
// concurrent use.
type Engine struct {
	compilers   *compilers
	support     []string
	fingerprint string
}

// New returns an engine. Errors: Invalid if a schedule has no sound tiers.
func New(o Options) (*Engine, error) {
	for name, s := range o.Schedules {
		if err := s.validate(name); err != nil {
			return nil, err
		}
	}
	fingerprint, err := o.fingerprint()
	if err != nil {
		return nil, err
	}
	return &Engine{compilers: newCompilers(o.Schedules), support: o.SupportServices, fingerprint: fingerprint}, nil
}

// Fingerprint returns the SHA-256, in hexadecimal, over everything besides
// terms and lines that a result depends on: EngineVersion, the fee schedules
// and the names of support services. Options that mean the same, written in
// whatever order and with whatever zeros, have the same.
func (e *Engine) Fingerprint() string { return e.fingerprint }

// Engine returns the Fingerprint of the engine that compiled the contract.
func (c *Contract) Engine() string { return c.fingerprint }

func (o Options) fingerprint() (string, error) {
	schedules := map[string]Schedule{} // written by name
	for name, s := range o.Schedules {
		schedules[name] = s.normal()
	}
	b, err := json.Marshal([]any{EngineVersion, schedules, sortedSet(append([]string{}, o.SupportServices...))})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// normal returns s without trailing zeros.
func (s Schedule) normal() Schedule {
	out := Schedule{Minimum: s.Minimum.Normalize(), Tiers: slices.Clone(s.Tiers)}
	for i := range out.Tiers {
		t := &out.Tiers[i]
		t.Percent, t.UpTo.Decimal = t.Percent.Normalize(), t.UpTo.Decimal.Normalize()
	}
	return out
}
