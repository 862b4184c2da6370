package usage

import (
	"log/slog"
	"sync"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/blob"
	"tierbook/modules/usage/internal/focus"
	"tierbook/modules/usage/internal/source"
)

// Service imports usage and answers what is there. It is safe for concurrent
// use.
type Service struct {
	web, work store
	objects   *blob.Store
	authz     *authz.Authz
	clock     clock.Clock
	log       *slog.Logger

	webAudit, workAudit  *audit.Log
	webJobs, workJobs    Enqueuer
	tenants, workTenants Tenants
	rating               Rating

	providers  []focus.Provider
	sources    source.Options
	temp       string
	spillBytes int64 // of lines held while they are sorted; buffers and garbage are as much again, and more
	workers    int
	hasSources bool

	verified *sync.Map // object → size, of those whose bytes were checked by this process
}

// tenantIDs returns the tenants that the scope sees, by id.
func tenantIDs(list []Tenant) map[id.Tenant]Tenant {
	byID := make(map[id.Tenant]Tenant, len(list))
	for _, t := range list {
		byID[t.ID] = t
	}
	return byID
}
