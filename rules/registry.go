package rules

// FunctionDoc describes a function of the rule language.
type FunctionDoc struct {
	Name      string
	Signature string // "round(x, places) number"
	Doc       string
	Examples  []Example
	Linear    bool // proportional to its first argument
	Period    bool // works on a period's quantity: refused in line rules
}

// Example is an expression and what it gives. The tests run all of them.
type Example struct {
	Expr string
	Want string
}

// FieldDoc describes a name that rules may read.
type FieldDoc struct {
	Name string
	Type string // "number", "text" or "boolean"
	Doc  string
}

// Functions lists the functions by name, for the reference page.
func (e *Engine) Functions() []FunctionDoc { return nil }

// LineFields lists what line rules of an edge of kind may read, in the order
// of the reference page.
func (e *Engine) LineFields(kind EdgeKind) []FieldDoc { return nil }

// FeeFields lists what fee rules may read: first the fields of `when`, then
// those of `then`.
func (e *Engine) FeeFields() (when, then []FieldDoc) { return nil, nil }
