package rules

// Contract is compiled terms. It is immutable and safe for concurrent use.
type Contract struct {
	kind  EdgeKind
	terms Terms
}

// Note tells of something in a contract that is allowed but may surprise.
type Note struct {
	Rule    string
	Field   string // "when" or "then"
	Message string
}

// Compile checks and compiles terms for an edge of kind. All mistakes are
// returned joined, each an *Error with rule, field and position (Invalid).
func (e *Engine) Compile(kind EdgeKind, t Terms) (*Contract, error) {
	if err := t.Validate(kind); err != nil {
		return nil, err
	}
	return &Contract{kind: kind, terms: t}, nil
}

// Terms returns what the contract was compiled from.
func (c *Contract) Terms() Terms { return c.terms }

// Notes lists line rules whose result depends on how the provider cuts usage
// into lines: constant terms, non-linear amounts, conditions on measures.
func (c *Contract) Notes() []Note { return nil }

// ReadsPeriodCost reports whether a fee rule reads period_cost, so that it must
// be computed again when the fees of the edge above change.
func (c *Contract) ReadsPeriodCost() bool { return false }
