package usage

import (
	"testing"

	"tierbook/modules/usage/internal/usagetest"
)

// BenchmarkImport imports a real month as csv.gz, from the file to published
// segments, and reports bytes of uncompressed CSV.
func BenchmarkImport(b *testing.B) {
	path := usagetest.Data(b, "aws-cur-legacy/workshop-2018-11.csv.gz")
	bu := setup(b)
	b.ReportAllocs()
	for b.Loop() {
		r := bu.load(b, bu.north, path)
		b.SetBytes(r.BytesUncompressed)
	}
}
