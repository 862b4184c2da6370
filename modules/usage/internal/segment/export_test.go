package segment

import (
	"context"

	"tierbook/modules/usage/internal/spill"
)

// small makes row groups, pages and batches of few rows.
var small = limits{
	groupRows: 500, ownGroup: 65, sharedGroup: 130, groupBytes: 64 << 20,
	pageRows: 32, batchRows: 7, batchBytes: 4 << 10,
}

// WriteSmall is Write with row groups of about 500 rows, of one account from
// 65 rows on, of up to 130 rows shared; and with pages of about 32 rows.
func WriteSmall(ctx context.Context, d *spill.Delivery, dir string) (*Written, error) {
	return write(ctx, d, dir, small)
}
