// Package bench measures how fast Tierbook rates and imports, on data that it
// makes itself, so that figures of two machines and two versions compare.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"tierbook/modules/usage/synthetic"
	"tierbook/rules"
)

// Options size a rating bench.
type Options struct {
	Lines   int64  // usage lines; 0 is 4 million
	Rules   int    // rules on each edge; 0 is 20
	Workers int    // goroutines that read; 0 is one per processor
	Dir     string // where the segments are made, and removed afterwards; "" is the system's temporary directory
}

func (o Options) withDefaults() Options {
	if o.Lines == 0 {
		o.Lines = 4_000_000
	}
	if o.Rules == 0 {
		o.Rules = 20
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// RatingResult is what a rating bench found.
type RatingResult struct {
	Lines                  int64   `json:"lines"`
	Rules                  int     `json:"rules"`
	Edges                  int     `json:"edges"`
	Charges                int64   `json:"charges"`
	Classes                int64   `json:"classes"`
	Tuples                 int64   `json:"tuples"`
	Seconds                float64 `json:"seconds"`                   // segments to charges, decoding included, generation apart
	LinesPerSecond         float64 `json:"lines_per_second"`          // Lines / Seconds
	PlainSecondsPerMillion float64 `json:"plain_seconds_per_million"` // the per-line reference evaluator, on a part of the lines
	DecodeSeconds          float64 `json:"decode_seconds"`            // reading the same columns and doing nothing with them
	PeakRSSBytes           int64   `json:"peak_rss_bytes"`            // of this process, generation included
}

const (
	seed       = 1
	plainLines = 20_000 // what the reference evaluator gets: it is slow
)

// Rating makes opts.Lines usage lines, prices them along two edges and reports
// how long that took. Rules have conditions over the usual dimensions and one
// in ten rounds; see ruleSet.
func Rating(ctx context.Context, opts Options) (RatingResult, error) {
	opts = opts.withDefaults()
	b, err := newRating(ctx, opts)
	if err != nil {
		return RatingResult{}, fmt.Errorf("bench rating: %w", err)
	}
	r, err := b.measure(ctx)
	if err = errors.Join(err, b.close()); err != nil {
		return RatingResult{}, fmt.Errorf("bench rating: %w", err)
	}
	return r, nil
}

// rating is usage and contracts to price it by.
type rating struct {
	opts  Options
	dir   string
	usage *synthetic.Source
	chain rules.Chain
}

// newRating makes the usage, looks at it, and makes rules that suit it.
func newRating(ctx context.Context, opts Options) (*rating, error) {
	dir, err := os.MkdirTemp(opts.Dir, "tierbook-bench-")
	if err != nil {
		return nil, err
	}
	b := &rating{opts: opts, dir: dir}
	if b.usage, err = synthetic.Write(ctx, dir, int(opts.Lines), seed); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := b.contract(ctx, opts.Rules); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// contract puts a contract with n rules on each of two edges.
func (b *rating) contract(ctx context.Context, n int) error {
	words, err := survey(ctx, b.usage)
	if err != nil {
		return err
	}
	engine, err := rules.New(rules.Options{})
	if err != nil {
		return err
	}
	b.chain = rules.Chain{}
	for edge, terms := range ruleSets(words, n) {
		kind := rules.EdgeFirst
		if edge > 0 {
			kind = rules.EdgeBelow
		}
		c, err := engine.Compile(kind, terms)
		if err != nil {
			return err
		}
		b.chain.Edges = append(b.chain.Edges, rules.Edge{Contract: c})
	}
	return nil
}

func (b *rating) close() error { return errors.Join(b.usage.Close(), os.RemoveAll(b.dir)) }

// measure rates the usage and times the parts.
func (b *rating) measure(ctx context.Context) (RatingResult, error) {
	r := RatingResult{Lines: b.usage.Lines, Rules: b.opts.Rules, Edges: len(b.chain.Edges)}
	elapsed := stopwatch()
	out, err := b.rate(ctx)
	took := elapsed()
	if err != nil {
		return r, err
	}
	r.Seconds, r.LinesPerSecond = took.Seconds(), perSecond(float64(r.Lines), took)
	r.Charges, r.Classes, r.Tuples = int64(len(out.Charges)), out.Classes, out.Tuples
	r.PeakRSSBytes = PeakRSS("self")

	elapsed = stopwatch()
	if err := b.decode(ctx); err != nil {
		return r, err
	}
	r.DecodeSeconds = elapsed().Seconds()

	sample, err := b.sample(ctx, plainLines)
	if err != nil {
		return r, err
	}
	elapsed = stopwatch()
	plain, err := b.chain.Plain(sample)
	took = elapsed()
	if err != nil {
		return r, err
	}
	r.PlainSecondsPerMillion = took.Seconds() / float64(plain.Lines) * 1e6
	return r, nil
}

// rate prices all lines by the engine.
func (b *rating) rate(ctx context.Context) (rules.Outcome, error) {
	scan := b.chain.NewScan(b.opts.Workers)
	if err := b.usage.Scan(ctx, b.chain.Need(), b.opts.Workers, scan.Add); err != nil {
		return rules.Outcome{}, err
	}
	return scan.Finish()
}

// decode reads the columns that rate reads, and leaves it at that.
func (b *rating) decode(ctx context.Context) error {
	return b.usage.Scan(ctx, b.chain.Need(), b.opts.Workers, func(int, *rules.Batch) error { return nil })
}

var errEnough = errors.New("enough")

// sample copies at least want lines, taking a few from each batch. Where the
// usage has less, it copies all of it.
func (b *rating) sample(ctx context.Context, want int) ([]*rules.Batch, error) {
	var out []*rules.Batch
	got, share := 0, max(int(b.usage.Lines)/want, 1)
	err := b.usage.Scan(ctx, b.chain.Need(), 1, func(_ int, batch *rules.Batch) error {
		n := (batch.Rows + share - 1) / share
		out = append(out, clone(batch, n))
		got += n
		if got >= want {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// clone copies the first n lines of a batch, whose buffers will be reused.
func clone(b *rules.Batch, n int) *rules.Batch {
	c := *b
	c.Rows = n
	for i, d := range b.Dims {
		c.Dims[i].IDs = slices.Clone(d.IDs[:min(n, len(d.IDs))])
	}
	for i, m := range b.Measures {
		c.Measures[i].Ints = slices.Clone(m.Ints[:min(n, len(m.Ints))])
		c.Measures[i].Wide = slices.Clone(m.Wide[:min(n, len(m.Wide))])
		c.Measures[i].Null = slices.Clone(m.Null[:min(n, len(m.Null))])
	}
	return &c
}
