package usage

import (
	"context"

	"tierbook/app/kernel/id"
)

func (s store) owns(ctx context.Context, tenant id.Tenant) (bool, error) {
	var rows []bool
	err := s.query(ctx, &rows, `SELECT EXISTS (SELECT FROM usage_accounts WHERE owner_id = ?)`, tenant)
	return len(rows) == 1 && rows[0], err
}
