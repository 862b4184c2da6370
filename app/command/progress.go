package command

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress draws one bar at a time on a terminal, and nothing elsewhere: a log
// file has no use for bars.
type progress struct {
	w    io.Writer
	on   bool
	step string
	bar  *progressbar.ProgressBar
}

// progress returns bars on standard error, unless it is no terminal or JSON is
// asked for.
func (e *env) progress() *progress {
	return &progress{w: e.err, on: !e.json && isTerminal(e.err)}
}

// at shows that done of total units of step are through. An unknown total is 0
// or less and shows a spinner.
func (p *progress) at(step string, done, total int64) {
	if !p.on {
		return
	}
	if p.bar == nil || p.step != step {
		p.finish()
		p.step = step
		if total <= 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(step),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionShowCount())
	}
	_ = p.bar.Set64(done)
}

// finish removes the bar.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
