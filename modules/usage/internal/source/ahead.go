package source

import (
	"io"
	"sync"

	"tierbook/modules/usage/internal/source/table"
)

const (
	aheadBlock  = 512 << 10
	aheadBlocks = 4
)

// ahead reads from r in a goroutine of its own, a few blocks ahead, so that
// decompressing goes on beside parsing.
type ahead struct {
	full  chan block
	empty chan []byte
	stop  chan struct{}
	once  sync.Once
	done  chan struct{}
	cur   block
	buf   []byte // of cur, to give back
}

type block struct {
	data []byte
	err  error // after data
}

func newAhead(r io.Reader) *ahead {
	a := &ahead{
		full: make(chan block, aheadBlocks), empty: make(chan []byte, aheadBlocks),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	for range aheadBlocks {
		a.empty <- make([]byte, aheadBlock)
	}
	go a.run(r)
	return a
}

func (a *ahead) run(r io.Reader) {
	defer close(a.done)
	for {
		select {
		case <-a.stop:
			return
		case buf := <-a.empty:
			n, err := table.ReadBlock(r, buf)
			a.full <- block{buf[:n], err}
			if err != nil {
				return
			}
		}
	}
}

// Read returns what was read ahead, then r's error.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.cur.data) == 0 {
		if a.cur.err != nil {
			return 0, a.cur.err
		}
		if a.buf != nil {
			a.empty <- a.buf[:cap(a.buf)]
		}
		a.cur = <-a.full
		a.buf = a.cur.data
	}
	n := copy(p, a.cur.data)
	a.cur.data = a.cur.data[n:]
	return n, nil
}

// Close stops reading; it returns once r is no longer used.
func (a *ahead) Close() error {
	a.once.Do(func() { close(a.stop) })
	<-a.done
	return nil
}
