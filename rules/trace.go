package rules

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/money"
)

// TraceKind says what a step of a price is.
type TraceKind int

// The kinds, in the order in which steps are listed.
const (
	TraceBasis    TraceKind = iota // the price starts from a measure
	TracePass                      // no contract covers the line: sold at cost
	TracePrice                     // a price rule set the price
	TraceAdjust                    // an adjust rule changed it
	TraceSeparate                  // what an adjust rule changed is a charge of its own, and that is what is traced
)

// TraceStep is one step, added up over the lines that took it. The differences
// of all steps add up to Trace.Amount.
type TraceStep struct {
	Kind   TraceKind
	Rank   int   // of the rule in its contract's list; -1 without a rule
	Rule   *Rule // nil: the basis, or no contract
	Basis  Basis // of TraceBasis
	Lines  int64
	Before decimal.Decimal // 0 for the first step of a line
	After  decimal.Decimal
}

// TraceLeft are lines that the edge does not sell.
type TraceLeft struct {
	Rule   *Rule // the exclude rule; nil: no contract covers them
	IsBase bool  // of the base contract
	Lines  int64
	// Cost is to the edge's seller, in Currency: lines in two currencies are
	// two entries.
	Cost     decimal.Decimal
	Currency money.Currency
}

// Trace is how the charges of one edge came about. Sums are exact.
type Trace struct {
	Lines  int64           // with a selected charge
	Amount decimal.Decimal // of the selected charges
	Steps  []TraceStep     // in the order in which they act
	Left   []TraceLeft
}

// TraceSelect says which lines and charges are traced.
type TraceSelect struct {
	Dims   map[Dim]string    // lines with these texts; nil: all
	Charge func(Charge) bool // charges of such a line: edge, grain, rule and label are set; nil: all
}

// Tracer prices selected lines as Plain does and keeps the steps of one edge.
// Lines that agree in everything that is read are priced once.
type Tracer struct {
	edge    int
	sel     TraceSelect
	need    Need
	workers []*traceWorker
}

// NewTracer returns a tracer of the chain's edge, for Add from up to workers
// goroutines, each with a number of its own.
func (c Chain) NewTracer(edge, workers int, sel TraceSelect) *Tracer {
	need := c.Need()
	t := &Tracer{edge: edge, sel: sel, need: need}
	for range workers {
		w := &traceWorker{tracer: t, steps: map[stepKey]*TraceStep{}, left: map[leftKey]*TraceLeft{}}
		w.plain = &plain{chain: c, need: need, tags: c.tags(), machine: newMachine(), tally: newTally(), grains: map[Grain]*Grain{}, watch: w}
		t.workers = append(t.workers, w)
	}
	return t
}

// Need returns the columns that batches must carry.
func (t *Tracer) Need() Need { return t.need }

// Add traces the selected lines of b. Errors: *LineError where a rule fails.
func (t *Tracer) Add(worker int, b *Batch) error {
	if err := b.check(t.need); err != nil {
		return err
	}
	return t.workers[worker].add(b)
}

// Finish returns what all workers have traced.
func (t *Tracer) Finish() Trace {
	var out Trace
	steps, left := map[stepKey]*TraceStep{}, map[leftKey]*TraceLeft{}
	for _, w := range t.workers {
		out.Lines += w.lines
		out.Amount = out.Amount.Add(w.amount)
		for k, s := range w.steps {
			stepAt(steps, k, *s).add(s.Lines, s.Before, s.After)
		}
		for k, l := range w.left {
			leftAt(left, k, *l).add(l.Lines, l.Cost)
		}
	}
	for _, s := range steps {
		out.Steps = append(out.Steps, *s)
	}
	slices.SortFunc(out.Steps, func(a, b TraceStep) int { return cmp.Or(int(a.Kind-b.Kind), a.Rank-b.Rank) })
	for _, l := range left {
		out.Left = append(out.Left, *l)
	}
	slices.SortFunc(out.Left, func(a, b TraceLeft) int { return b.Cost.Compare(a.Cost) })
	return out
}

// stepAt returns the step of k, made like another one but without its sums
// where there is none yet.
func stepAt(m map[stepKey]*TraceStep, k stepKey, like TraceStep) *TraceStep {
	if m[k] == nil {
		m[k] = &TraceStep{Kind: like.Kind, Rank: like.Rank, Rule: like.Rule, Basis: like.Basis}
	}
	return m[k]
}

func (s *TraceStep) add(lines int64, before, after decimal.Decimal) {
	s.Lines, s.Before, s.After = s.Lines+lines, s.Before.Add(before), s.After.Add(after)
}

// leftAt is stepAt of lines that are left out.
func leftAt(m map[leftKey]*TraceLeft, k leftKey, like TraceLeft) *TraceLeft {
	if m[k] == nil {
		m[k] = &TraceLeft{Rule: like.Rule, IsBase: like.IsBase}
	}
	return m[k]
}

func (l *TraceLeft) add(lines int64, cost decimal.Decimal) {
	l.Lines, l.Cost = l.Lines+lines, l.Cost.Add(cost)
}

type stepKey struct {
	kind TraceKind
	rule *lineRule
}

type leftKey struct {
	rule     *lineRule
	currency money.Currency
}

// traceWorker is what one goroutine has traced.
type traceWorker struct {
	tracer *Tracer
	plain  *plain
	steps  map[stepKey]*TraceStep
	left   map[leftKey]*TraceLeft
	lines  int64
	amount decimal.Decimal
	seen   lineTrace // of the line at hand
}

// lineTrace is what happened to one line on the traced edge.
type lineTrace struct {
	grain  *Grain
	priced *lineRule // the price rule that matched
	start  stepKey   // basis or pass
	basis  decimal.Decimal
	steps  []changeTrace
}

// changeTrace is one rule that changed the line's price.
type changeTrace struct {
	rule          *lineRule
	before, after decimal.Decimal
}

// add traces every distinct line of b once, times how often it occurs.
func (w *traceWorker) add(b *Batch) error {
	only, ok := w.tracer.selected(b)
	if !ok {
		return nil
	}
	type group struct {
		row   int
		lines int64
	}
	groups, key := map[string]*group{}, []byte{}
	for i := range b.Rows {
		if !only(i) {
			continue
		}
		key = b.appendKey(key[:0], w.tracer.need, i)
		if g := groups[string(key)]; g != nil {
			g.lines++
			continue
		}
		groups[string(key)] = &group{i, 1}
	}
	for _, g := range groups {
		if err := w.line(b, g.row, g.lines); err != nil {
			return err
		}
	}
	return nil
}

// selected returns which lines of b have the wanted texts; ok is false if none
// has.
func (t *Tracer) selected(b *Batch) (only func(i int) bool, ok bool) {
	type want struct {
		ids []uint32
		id  uint32
	}
	var wants []want
	for d, text := range t.sel.Dims {
		c := &b.Dims[d]
		n := slices.Index(c.Dict.Values, text)
		switch {
		case n < 0:
			return nil, false
		case c.IDs != nil:
			wants = append(wants, want{c.IDs, uint32(n)}) //nolint:gosec // an index of a dictionary
		}
	}
	return func(i int) bool {
		for _, w := range wants {
			if w.ids[i] != w.id {
				return false
			}
		}
		return true
	}, true
}

// appendKey appends all that is read of line i to key.
func (b *Batch) appendKey(key []byte, need Need, i int) []byte {
	for _, d := range need.Dims {
		if ids := b.Dims[d].IDs; ids != nil {
			key = binary.LittleEndian.AppendUint32(key, ids[i])
		}
	}
	for _, m := range need.Measures {
		c := &b.Measures[m]
		switch {
		case c.Null != nil && c.Null[i]:
			key = append(key, 'n')
		case c.Wide != nil:
			key = append(append(append(key, 'w'), c.Wide[i].String()...), ';')
		default:
			key = binary.LittleEndian.AppendUint64(append(key, 'i'), uint64(c.Ints[i])) //nolint:gosec // its bits
		}
	}
	return key
}

// line takes line i down the chain as far as the traced edge.
func (w *traceWorker) line(b *Batch, i int, lines int64) error {
	p := w.plain
	l, err := p.read(b, i)
	if err != nil {
		return err
	}
	w.seen = lineTrace{grain: l.grain, steps: w.seen.steps[:0]}
	cost, bearerCost := l.billed(), l.amounts.values[MeasureBilled]
	if excluded, err := w.base(l, lines); err != nil || excluded {
		return err
	}
	for k, edge := range p.chain.Edges[:w.tracer.edge+1] {
		p.traced = k == w.tracer.edge
		price, sold, err := p.edge(l, k, edge, cost, bearerCost)
		switch {
		case err != nil:
			return err
		case sold:
			cost, bearerCost = price, price
		case p.traced:
			w.leave(bearerCost, lines)
			return nil
		default:
			return nil // it does not exist here
		}
	}
	w.book(lines)
	return nil
}

// base applies the base contract, whose exclusions only the owner's own edge
// shows.
func (w *traceWorker) base(l *plainLine, lines int64) (excluded bool, err error) {
	p := w.plain
	p.traced = false
	excluded, err = p.base(l)
	if !excluded || err != nil || w.tracer.edge != 0 {
		return excluded, err
	}
	r := p.excludedBy
	like := TraceLeft{Rule: &r.Rule, IsBase: true, Currency: l.grain.Currency}
	leftAt(w.left, leftKey{r, like.Currency}, like).add(lines, l.amounts.values[MeasureBilled].Mul(decimal.NewFromInt(lines)))
	return true, nil
}

// leave notes lines that the edge does not sell.
func (w *traceWorker) leave(cost decimal.Decimal, lines int64) {
	r, like := w.plain.excludedBy, TraceLeft{Currency: w.seen.grain.Currency}
	if r != nil {
		like.Rule = &r.Rule
	}
	leftAt(w.left, leftKey{r, like.Currency}, like).add(lines, cost.Mul(decimal.NewFromInt(lines)))
}

// book adds the steps of the line at hand that lead to a selected charge.
func (w *traceWorker) book(lines int64) {
	s := &w.seen
	times := decimal.NewFromInt(lines)
	main := w.wants(s.priced)
	amount, now := decimal.Decimal{}, s.basis // of the selected charges; of the main one
	found := main
	step := func(k stepKey, like TraceStep, before, after decimal.Decimal) {
		stepAt(w.steps, k, like).add(lines, before.Mul(times), after.Mul(times))
		amount = amount.Add(after.Sub(before))
	}
	if main {
		step(s.start, w.startStep(), decimal.Decimal{}, s.basis)
	}
	for _, c := range s.steps {
		like := TraceStep{Kind: TraceAdjust, Rank: w.rank(c.rule), Rule: &c.rule.Rule}
		if c.rule == s.priced {
			like.Kind = TracePrice
		}
		separate := like.Kind == TraceAdjust && c.rule.Label != ""
		switch {
		case !separate && main:
			next := now.Add(c.after.Sub(c.before))
			step(stepKey{like.Kind, c.rule}, like, now, next)
			now = next
		case separate && w.wants(c.rule):
			found, like.Kind = true, TraceSeparate
			step(stepKey{like.Kind, c.rule}, like, c.before, c.after)
		}
	}
	if found {
		w.lines += lines
		w.amount = w.amount.Add(amount.Mul(times))
	}
}

func (w *traceWorker) startStep() TraceStep {
	s := TraceStep{Kind: w.seen.start.kind, Rank: -1}
	if c := w.contract(); c != nil && s.Kind == TraceBasis {
		s.Basis = c.terms.Basis
	}
	return s
}

func (w *traceWorker) contract() *Contract { return w.plain.chain.Edges[w.tracer.edge].Contract }

// rank returns the place of a rule in its contract's list.
func (w *traceWorker) rank(r *lineRule) int {
	return slices.IndexFunc(w.contract().terms.Rules, func(x Rule) bool { return x.Name == r.Name })
}

// wants reports whether the charge that the line at hand has under r is
// selected; nil stands for no rule.
func (w *traceWorker) wants(r *lineRule) bool {
	if w.tracer.sel.Charge == nil {
		return true
	}
	c := Charge{Edge: w.tracer.edge, Grain: *w.seen.grain}
	if r != nil {
		c.Rule, c.Label = r.Name, r.Label
	}
	return w.tracer.sel.Charge(c)
}

// started is called with what a line's price starts from.
func (w *traceWorker) started(kind TraceKind, price decimal.Decimal) {
	w.seen.start, w.seen.basis = stepKey{kind: kind}, price
}

// changed is called when a rule has changed the price.
func (w *traceWorker) changed(r *lineRule, before, after decimal.Decimal) {
	if r.Stage == StagePrice {
		w.seen.priced = r
	}
	w.seen.steps = append(w.seen.steps, changeTrace{r, before, after})
}

// Sentence says the contract's rule of that name in words; empty where it has
// none.
func (c *Contract) Sentence(rule string) string {
	i := slices.IndexFunc(c.terms.Rules, func(r Rule) bool { return r.Name == rule })
	if i < 0 {
		return ""
	}
	e := &Engine{compilers: c.compilers}
	return e.Sentence(c.kind, c.terms.Rules[i], c.terms.Rules[:i]).String()
}
