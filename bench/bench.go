// Package bench measures how fast Tierbook rates and imports, on data that it
// makes itself, so that figures of two machines and two versions compare.
package bench

import (
	"context"
)

// Options size a rating bench.
type Options struct {
	Lines   int64  // usage lines; 0 is 4 million
	Rules   int    // rules on each edge; 0 is 20
	Workers int    // goroutines that read; 0 is one per processor
	Dir     string // where the segment is made, and removed afterwards; "" is the system's temporary directory
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

// Rating makes opts.Lines usage lines, prices them along two edges and reports
// how long that took.
func Rating(ctx context.Context, opts Options) (RatingResult, error) {
	return RatingResult{}, ctx.Err()
}
