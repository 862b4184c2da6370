package app

import (
	"context"

	"tierbook/app/kernel/id"
)

// Owns tells contracts who has payer accounts of its own.
func (l contractLines) Owns(ctx context.Context, tenant id.Tenant) (bool, error) {
	return l.usage.Owns(ctx, tenant)
}
