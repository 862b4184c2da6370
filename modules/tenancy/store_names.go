package tenancy

import (
	"context"
	"fmt"

	"tierbook/app/kernel/id"
	"tierbook/app/platform/scope"
)

// userNames returns the names of those of users that belong to the acting
// tenant or one below it.
func (s store) userNames(ctx context.Context, users []id.User) (map[id.User]string, error) {
	if len(users) == 0 {
		return nil, nil
	}
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		ID   id.User
		Name string
	}
	err = s.db.Gorm(ctx).Raw(`SELECT u.id, u.name FROM tenancy_users u JOIN tenancy_tenants t ON t.id = u.tenant_id
		WHERE u.id = ANY (CAST(@users AS uuid[])) AND `+inScope, map[string]any{"users": id.Array(users), "acting": sc.Tenant}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	out := make(map[id.User]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Name
	}
	return out, nil
}
