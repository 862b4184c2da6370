package rules

// Edge is one step of a chain.
type Edge struct {
	Contract *Contract // in force in the month; nil: none
	Missing  Missing   // what to do without a contract; with one, its terms say it
}

// Chain is the way of a line from the owner of its payer account down to its
// assignee. No edges: the owner is the assignee and there is only a cost.
type Chain struct {
	Base  *Contract // the owner's base contract; nil: none
	Edges []Edge
}
