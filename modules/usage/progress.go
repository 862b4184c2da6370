package usage

import (
	"sync/atomic"
	"time"

	"tierbook/modules/usage/internal/source"
)

// reportEvery is how often progress is told.
const reportEvery = 100 * time.Millisecond

// reporter tells how far an import is.
type reporter struct {
	fn    func(Progress)
	now   Progress
	bytes atomic.Int64 // read, as stored
	told  time.Time
}

func newReporter(fn func(Progress), set *source.Set) *reporter {
	if fn == nil {
		fn = func(Progress) {}
	}
	return &reporter{fn: fn, now: Progress{Stage: StageReading, Files: len(set.Files), BytesAll: set.Bytes()}}
}

func (r *reporter) reading(file string, files int, rows, quarantined int64) {
	changed := file != r.now.File
	r.now.File, r.now.FilesDone, r.now.Rows, r.now.Quarantined, r.now.Bytes = file, files, rows, quarantined, r.bytes.Load()
	r.tell(changed)
}

func (r *reporter) storing(rows, all int64) {
	r.now.Stage, r.now.File, r.now.FilesDone = StageStoring, "", r.now.Files
	r.now.Bytes, r.now.Rows, r.now.RowsAll = r.now.BytesAll, rows, all
	r.tell(true)
}

func (r *reporter) done() {
	r.now.Stage = StageDone
	r.tell(true)
}

func (r *reporter) tell(must bool) {
	if t := time.Now(); must || t.Sub(r.told) >= reportEvery { //nolint:forbidigo // a duration, not an instant
		r.told = t
		r.fn(r.now)
	}
}
