package tenancy

import (
	"context"

	"tierbook/app/kernel/id"
)

// UserNames returns what users of the acting tenant and those below it are
// called, for «saved by»; others, such as a supplier's users, are absent.
//
// Needs tenancy.read.
func (s *Service) UserNames(ctx context.Context, users ...id.User) (map[id.User]string, error) {
	return read(ctx, s, PermRead, func(ctx context.Context) (map[id.User]string, error) {
		return s.store.userNames(ctx, users)
	})
}
