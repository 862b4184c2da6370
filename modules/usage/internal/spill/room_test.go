package spill

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/line"
)

// An import ends before it fills the disk; what is left of a small disk is
// less.
func TestWriter_LeavesRoomOnTheDisk(t *testing.T) {
	t.Parallel()
	const blocks, size = 1 << 30, 4096 // 4 TiB
	for name, tt := range map[string]struct {
		blocks, left uint64
		want         error
	}{
		"Plenty":       {blocks, 1 << 20, nil},
		"AlmostFull":   {blocks, 1<<18 - 1, ErrNoRoom},
		"Small":        {1 << 12, 300, nil},
		"SmallAndFull": {1 << 12, 200, ErrNoRoom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := New(t.TempDir(), 0)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			w.store.statfs = func(_ int, disk *syscall.Statfs_t) error {
				disk.Blocks, disk.Bavail, disk.Bsize = tt.blocks, tt.left, size
				return nil
			}
			if err := w.Add(Key{"aws", "1", period.NewMonth(2026, time.March)}, &line.Line{}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Finish(); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
