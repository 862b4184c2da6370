package rules

import (
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/errs"
)

// Scan prices the lines of one scan by classes. Each worker adds its batches
// with a number of its own; workers may run at the same time.
type Scan struct {
	layout  *layout
	classes *classes
	workers []*worker
}

// worker is what one worker of a scan has gathered.
type worker struct {
	scan    *Scan
	machine *machine
	keyer   *keyer
	table   table
	known   int // generation of keys in table

	byIndex []*class // classes that this worker has met, by index
	lines   []int64
	columns [NumMeasures]column
	tuples  *tuples
	most    int // tuples to gather before they are priced
	pricer  *pricer
	curves  map[int][]decimal.Decimal // sums of curves, by index of the class

	total  int64 // lines
	priced int64 // tuples

	keys    []uint64
	places  []int32           // class of each line of the batch
	values  []*value          // scratch
	key     []byte            // scratch
	oneself []int             // lines of the batch that must be priced one by one
	bent    []decimal.Decimal // scratch
}

// NewScan prepares a scan by the given number of workers (at least one).
func (c Chain) NewScan(workers int) *Scan {
	l := newLayout(c)
	s := &Scan{layout: l, classes: newClasses(l)}
	for range max(1, workers) {
		m := newMachine()
		s.workers = append(s.workers, &worker{
			scan: s, machine: m, keyer: newKeyer(l, m), tuples: newTuples(), most: maxTuples,
			pricer: &pricer{layout: l, machine: m, tally: newTally()},
			curves: map[int][]decimal.Decimal{}, values: make([]*value, len(l.facets)),
		})
	}
	return s
}

// Add takes the lines of b. Calls with the same worker must not overlap; b may
// be reused afterwards. An error means that b is malformed (Internal); a line
// that cannot be priced is reported by Finish, so that it is the first one.
func (s *Scan) Add(worker int, b *Batch) error {
	if worker < 0 || worker >= len(s.workers) {
		return errs.Newf(errs.Internal, "rules.bad_worker", "there is no worker %d", worker)
	}
	if err := b.check(s.layout.need); err != nil {
		return err
	}
	return s.workers[worker].add(b)
}

func (w *worker) add(b *Batch) error {
	if b.Rows == 0 {
		return nil
	}
	if err := w.keyer.prepare(b); err != nil {
		return err
	}
	if w.known != w.keyer.generation {
		w.known = w.keyer.generation
		w.table.reset()
	}
	w.total += int64(b.Rows)
	w.classify(b)
	for _, m := range w.scan.layout.need.Measures {
		w.columns[m].add(&b.Measures[m], w.places)
	}
	if len(w.oneself) > 0 {
		w.gather(b)
	}
	return nil
}

// classify finds the class of each line.
func (w *worker) classify(b *Batch) {
	if cap(w.keys) < b.Rows {
		w.keys, w.places = make([]uint64, b.Rows), make([]int32, b.Rows)
	}
	w.keys, w.places, w.oneself = w.keys[:b.Rows], w.places[:b.Rows], w.oneself[:0]
	w.keyer.keys(b, w.keys)
	last, class, sums := ^w.keys[0], int32(0), true
	for i, key := range w.keys {
		if key != last {
			var ok bool
			if class, ok = w.table.get(key); !ok {
				class = w.meet(b, i)
				w.table.put(key, class)
			}
			last, sums = key, w.byIndex[class].plan.pace == atOnce
		}
		w.places[i] = class
		w.lines[class]++
		if !sums {
			w.oneself = append(w.oneself, i)
		}
	}
}

// meet returns the class of a line whose key is new.
func (w *worker) meet(b *Batch, i int) int32 {
	w.keyer.values(b, i, w.values)
	null, zero := w.keyer.sets(b, i)
	c := w.scan.classes.get(w.values, null, zero, w.key, w.machine)
	for len(w.byIndex) <= c.index {
		w.byIndex, w.lines = append(w.byIndex, nil), append(w.lines, 0)
	}
	w.byIndex[c.index] = c
	for _, m := range w.scan.layout.need.Measures {
		w.columns[m].grow(c.index + 1)
	}
	return int32(c.index)
}

// gather counts the tuples of lines that must be priced one by one.
func (w *worker) gather(b *Batch) {
	need := w.scan.layout.need
	w.tuples.turn(b, need)
	for _, i := range w.oneself {
		class := w.places[i]
		w.tuples.add(class, w.byIndex[class].plan.apart(), b, i, need)
	}
	if len(w.tuples.list) >= w.most {
		w.priceTuples()
	}
}

// priceTuples prices what was gathered so far.
func (w *worker) priceTuples() {
	w.pricer.shown = nil // the machine has shown other things since
	for _, t := range w.tuples.drain() {
		c := w.byIndex[t.key.class]
		a := w.tuples.amounts(&t.key, c)
		if c.plan.pace == byMachine || !w.bend(c, &a, t.lines) {
			w.pricer.price(c, t.lines, a, t.first)
		}
		w.priced++
	}
}

// bend adds the values of the class's curves on a tuple; ok is false if one
// fails, and with it the whole scan: what else was added no longer matters.
func (w *worker) bend(c *class, a *amounts, lines int64) (ok bool) {
	sums := w.curves[c.index]
	if sums == nil {
		sums = make([]decimal.Decimal, len(c.plan.curves))
		w.curves[c.index] = sums
	}
	values := slices.Grow(w.bent[:0], len(sums))[:len(sums)]
	w.bent = values
	if !c.plan.bend(a, values) {
		return false
	}
	for i, v := range values {
		if lines != 1 {
			v = v.Mul(decimal.NewFromInt(lines))
		}
		sums[i] = sums[i].Add(v)
	}
	return true
}

// Finish returns the outcome over all lines that were added. Call it once,
// after all workers have ended.
//
// Errors: *LineError (FailedPrecondition) if a rule fails on a line, or if a line
// that is to be charged is not in the currency of the edge: that of the first
// such line in (segment, row) order.
func (s *Scan) Finish() (Outcome, error) {
	s.parallel(func(_ int, w *worker) { w.priceTuples() })
	if err := s.failure(); err != nil {
		return Outcome{}, err
	}
	s.parallel(func(i int, w *worker) {
		for _, c := range s.classes.list {
			if c.index%len(s.workers) == i && c.plan.pace != byMachine {
				sums := s.totals(c)
				c.book(w.pricer.tally, &sums)
			}
		}
	})
	all := s.workers[0].pricer.tally
	lines, tuples := int64(0), int64(0)
	for i, w := range s.workers {
		if i > 0 {
			all.merge(w.pricer.tally)
		}
		lines += w.total
		tuples += w.priced
	}
	out := all.outcome()
	out.Lines, out.Classes, out.Tuples = lines, int64(len(s.classes.list)), tuples
	return out, nil
}

func (s *Scan) parallel(work func(i int, w *worker)) {
	var wg sync.WaitGroup
	for i, w := range s.workers {
		wg.Go(func() { work(i, w) })
	}
	wg.Wait()
}

// totals sums a class over the workers.
func (s *Scan) totals(c *class) totals {
	sums := totals{curves: make([]decimal.Decimal, len(c.plan.curves))}
	for _, w := range s.workers {
		if c.index >= len(w.lines) || w.lines[c.index] == 0 {
			continue
		}
		sums.lines += w.lines[c.index]
		for _, m := range s.layout.need.Measures {
			sums.measures[m] = sums.measures[m].Add(w.columns[m].total(c.index))
		}
		for i, sum := range w.curves[c.index] {
			sums.curves[i] = sums.curves[i].Add(sum)
		}
	}
	return sums
}

// failure returns the error of the first line that has one.
func (s *Scan) failure() error {
	var failed *LineError
	for _, w := range s.workers {
		f := w.pricer.failed
		if f != nil && (failed == nil || (place{f.Segment, f.Row}).before(place{failed.Segment, failed.Row})) {
			failed = f
		}
	}
	if failed != nil {
		return failed
	}
	return nil
}
