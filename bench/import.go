package bench

import (
	"context"
	"fmt"
)

// Imported is what an importer says about a file it has read.
type Imported struct {
	Rows              int64
	BytesUncompressed int64
}

// ImportFunc reads the file or directory at path through the real importer
// into segments of its own, which nobody keeps.
type ImportFunc func(ctx context.Context, path string) (Imported, error)

// ImportResult is what an import bench found.
type ImportResult struct {
	Rows              int64   `json:"rows"`
	BytesUncompressed int64   `json:"bytes_uncompressed"`
	Seconds           float64 `json:"seconds"`
	MBPerSecond       float64 `json:"mb_per_second"` // 10^6 bytes of uncompressed input
	PeakRSSBytes      int64   `json:"peak_rss_bytes"`
}

// Import times run on path. The peak of memory is this process's, so a fresh
// process gives the honest figure.
func Import(ctx context.Context, path string, run ImportFunc) (ImportResult, error) {
	elapsed := stopwatch()
	got, err := run(ctx, path)
	took := elapsed()
	if err != nil {
		return ImportResult{}, fmt.Errorf("bench import %s: %w", path, err)
	}
	return ImportResult{
		Rows: got.Rows, BytesUncompressed: got.BytesUncompressed, Seconds: took.Seconds(),
		MBPerSecond: perSecond(float64(got.BytesUncompressed)/1e6, took), PeakRSSBytes: PeakRSS("self"),
	}, nil
}
