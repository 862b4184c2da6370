package spill

import (
	"fmt"
	"syscall"

	"tierbook/app/kernel/errs"
)

// ErrNoRoom says that lines would fill the disk up.
var ErrNoRoom = errs.New(errs.FailedPrecondition, "usage.no_room",
	"The import was stopped, for it would fill the disk of its data directory; nothing was changed. Make room there, or import fewer files at once.")

// mostReserve is what stays free of a disk, in bytes, if it is not a small one:
// a database that lies on the same disk goes on.
const mostReserve = 1 << 30

// leaves refuses to write where less than a reserve of the disk would be left:
// of a small disk a twentieth.
func (s *store) leaves(bytes int64) error {
	var disk syscall.Statfs_t
	if err := s.statfs(int(s.file.Fd()), &disk); err != nil {
		return fmt.Errorf("look for room on the disk: %w", err)
	}
	block := int64(disk.Bsize)
	reserve := min(mostReserve, int64(disk.Blocks)*block/20) //nolint:gosec // blocks of a disk
	if int64(disk.Bavail)*block-bytes < reserve {            //nolint:gosec // likewise
		return ErrNoRoom
	}
	return nil
}
