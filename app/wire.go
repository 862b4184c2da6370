package app

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/audit"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/db"
	"tierbook/app/platform/jobs"
	"tierbook/app/platform/web"
	"tierbook/configs"
	"tierbook/modules/billing"
	"tierbook/modules/contracts"
	"tierbook/modules/customers"
	"tierbook/modules/reports"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
	"tierbook/modules/utilities"
	"tierbook/rules"
)

// wire makes the modules and gives each what it needs of the others.
//
// Tenancy and contracts exist twice, on the pool of either role: requests read
// them under row-level security, workers inside their own transactions.
func (a *App) wire(access *authz.Authz, c clock.Clock) error {
	tenancyOn := func(d *db.DB) *tenancy.Module {
		return tenancy.New(tenancy.Deps{
			DB: d, Operator: a.work, Authz: access, Audit: audit.New(d, c), Clock: c,
			SessionIdle: a.Config.Web.SessionIdle, SessionLife: a.Config.Web.SessionLife,
		})
	}
	workTenancy := tenancyOn(a.work).Service
	tenants := tenancyOn(a.web)
	a.Tenancy = tenants.Service

	webJobs, err := jobs.NewEnqueuer(a.web)
	if err != nil {
		return err
	}
	workJobs, err := jobs.NewEnqueuer(a.work)
	if err != nil {
		return err
	}
	uses, err := a.usageDeps(access, c)
	if err != nil {
		return err
	}
	uses.Tenants, uses.WorkTenants, uses.Rating = usageTenants{a.Tenancy}, usageTenants{workTenancy}, usageRating{a}
	uses.WebJobs, uses.WorkJobs = webJobs, workJobs
	a.lines = usage.New(uses)
	a.Usage = a.lines.Service

	contractsOn := func(d *db.DB, tenants *tenancy.Service) *contracts.Module {
		return contracts.New(contracts.Deps{
			DB: d, Authz: access, Audit: audit.New(d, c), Clock: c, Logger: a.Log, Engine: a.Rules,
			Tenants: contractTenants{tenants}, Lines: contractLines{a.Usage},
			Directory: contractDirectory{tenants}, Sales: contractSales{a},
		})
	}
	prices := contractsOn(a.web, a.Tenancy)
	a.Contracts = prices.Service

	a.runs = billing.New(billing.Deps{
		Web: a.web, Work: a.work, WebJobs: webJobs, WorkJobs: workJobs,
		Audit: audit.New(a.web, c), Authz: access, Clock: c, Logger: a.Log,
		Tenants: billingTenants{workTenancy}, Contracts: billingContracts{contractsOn(a.work, workTenancy).Service},
		Usage: billingUsage{a.Usage}, Recount: billingRecount{a.Usage}, Directory: newBillingDirectory(a.Tenancy),
	})
	a.Billing = a.runs.Service
	a.faces = []face{ // their menu entries in this order
		reports.New(a.reportDeps(access, c)), customers.New(a.customerDeps(access, c)),
		prices, a.lines, a.runs, utilities.New(a.utilityDeps(access, c)), tenants,
	}
	a.server = sync.OnceValue(func() *web.Server { return a.newServer(access) })
	return nil
}

func (a *App) usageDeps(access *authz.Authz, c clock.Clock) (usage.Deps, error) {
	providers, err := configs.Providers()
	if err != nil {
		return usage.Deps{}, err
	}
	d := usage.Deps{
		Web: a.web, Work: a.work, Objects: a.objects, Authz: access, Clock: c, Logger: a.Log,
		Sources:     usage.Sources{FileDirs: a.Config.Usage.WebDirs, NeverDirs: a.ownDirs()},
		TempDir:     filepath.Join(a.Config.DataDir, "tmp"),
		UploadBytes: int64(a.Config.Usage.UploadMB) << 20,
		MemoryBytes: int64(a.Config.Usage.MemoryMB) << 20,
	}
	buckets, err := configs.Buckets(a.Config.Usage.BucketsFile)
	if err != nil {
		return usage.Deps{}, err
	}
	for _, b := range buckets {
		d.Sources.Buckets = append(d.Sources.Buckets, usage.Bucket{
			URL: b.URL, Region: b.Region, Endpoint: b.Endpoint, AccessKey: b.AccessKey, SecretKey: b.SecretKey.Reveal(),
		})
	}
	for _, p := range providers {
		d.Providers = append(d.Providers, usage.Provider{Key: p.Key, Names: p.Names, Publishers: p.Publishers})
	}
	return d, makeDir(d.TempDir)
}

// ownDirs are the parts of the data directory that hold what Tierbook keeps
// itself and that nobody may import from.
func (a *App) ownDirs() []string {
	return each([]string{"pg", "objects", "tmp"}, func(name string) string { return filepath.Join(a.Config.DataDir, name) })
}

// scheduleOf reads the amounts of a shipped fee schedule.
func scheduleOf(name string, s configs.Schedule) (out rules.Schedule, err error) {
	read := func(text string) (d decimal.Decimal) {
		if err != nil {
			return d
		}
		if d, err = decimal.NewFromString(text); err != nil {
			err = fmt.Errorf("fee schedule %s: %w", name, err)
		}
		return d
	}
	out.Minimum = read(s.Minimum)
	for _, t := range s.Tiers {
		tier := rules.ScheduleTier{Percent: read(t.Percent)}
		if t.UpTo != "" {
			tier.UpTo = decimal.NewNullDecimal(read(t.UpTo))
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return out, err
}

// usageTenants lets usage ask who there is.
type usageTenants struct{ tenancy *tenancy.Service }

func usageTenant(t tenancy.Tenant) usage.Tenant {
	return usage.Tenant{ID: t.ID, Slug: t.Slug, Name: t.Name, Tree: t.Tree, Distributor: t.Distributor, Tier: t.Tier}
}

func (u usageTenants) Tenant(ctx context.Context, t id.Tenant) (usage.Tenant, error) {
	found, err := u.tenancy.Get(ctx, t)
	return usageTenant(found), err
}

func (u usageTenants) Tenants(ctx context.Context) ([]usage.Tenant, error) {
	list, err := u.tenancy.List(ctx)
	return each(list, usageTenant), err
}

func (u usageTenants) IsBelow(ctx context.Context, ancestor, t id.Tenant, months period.Months) (bool, error) {
	return u.tenancy.IsBelow(ctx, ancestor, t, months)
}

// contractTenants lets contracts ask who there is.
type contractTenants struct{ tenancy *tenancy.Service }

func contractTenant(t tenancy.Tenant) contracts.Tenant {
	return contracts.Tenant{ID: t.ID, Tree: t.Tree, Tier: t.Tier, Slug: t.Slug, Name: t.Name}
}

func (c contractTenants) ByID(ctx context.Context, ts []id.Tenant) (map[id.Tenant]contracts.Tenant, error) {
	found, err := c.tenancy.GetMany(ctx, ts)
	out := make(map[id.Tenant]contracts.Tenant, len(found))
	for k, t := range found {
		out[k] = contractTenant(t)
	}
	return out, err
}

func (c contractTenants) BySlug(ctx context.Context, slug string) (contracts.Tenant, error) {
	t, err := c.tenancy.Find(ctx, slug)
	return contractTenant(t), err
}

func (c contractTenants) Chain(ctx context.Context, top, bottom id.Tenant, month period.Month) ([]contracts.Tenant, error) {
	chain, err := c.tenancy.Chain(ctx, top, bottom, month)
	return each(chain, contractTenant), err
}

func (c contractTenants) Chains(ctx context.Context, top id.Tenant, month period.Month, bottoms ...id.Tenant) (map[id.Tenant][]contracts.Tenant, error) {
	links := make([]tenancy.Link, len(bottoms))
	for i, t := range bottoms {
		links[i] = tenancy.Link{Owner: top, Tenant: t}
	}
	chains, err := c.tenancy.ChainsOf(ctx, links, month)
	out := make(map[id.Tenant][]contracts.Tenant, len(chains))
	for l, chain := range chains {
		out[l.Tenant] = each(chain, contractTenant)
	}
	return out, err
}

// contractLines lets previews read usage.
type contractLines struct{ usage *usage.Service }

func (l contractLines) Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]contracts.Selection, error) {
	list, err := l.usage.Select(ctx, assignee, month)
	return each(list, func(s usage.Selection) contracts.Selection {
		return contracts.Selection{Owner: s.Owner, Handle: s}
	}), err
}

func (l contractLines) Scan(ctx context.Context, sel contracts.Selection, need rules.Need, workers int, fn func(int, *rules.Batch) error) error {
	return scan(ctx, l.usage, sel.Handle, need, workers, fn)
}

// Owns tells contracts who has payer accounts of its own.
func (l contractLines) Owns(ctx context.Context, tenant id.Tenant) (bool, error) {
	return l.usage.Owns(ctx, tenant)
}

// billingTenants lets billing ask who was above whom.
type billingTenants struct{ tenancy *tenancy.Service }

func billingTenant(t tenancy.Tenant) billing.Tenant {
	return billing.Tenant{ID: t.ID, Tree: t.Tree, Tier: t.Tier, Slug: t.Slug, Name: t.Name}
}

func (b billingTenants) Tenant(ctx context.Context, t id.Tenant) (billing.Tenant, error) {
	found, err := b.tenancy.Get(ctx, t)
	return billingTenant(found), err
}

func (b billingTenants) Tenants(ctx context.Context) ([]billing.Tenant, error) {
	list, err := b.tenancy.List(ctx)
	return each(list, billingTenant), err
}

func (b billingTenants) Chain(ctx context.Context, top, bottom id.Tenant, month period.Month) ([]billing.Tenant, error) {
	chain, err := b.tenancy.Chain(ctx, top, bottom, month)
	return each(chain, billingTenant), err
}

// billingContracts lets billing ask what was agreed.
type billingContracts struct{ contracts *contracts.Service }

func contractVersion(c contracts.InForce) billing.ContractVersion {
	return billing.ContractVersion{
		Contract: c.ID, Version: c.Version.ID, Number: c.Version.Number, Edge: billing.Edge(c.Edge),
		Name: c.Name, Currency: c.Currency, Pricing: c.Compiled, TermsHash: c.Version.TermsHash,
	}
}

func (b billingContracts) InForce(ctx context.Context, month period.Month, edges ...billing.Edge) (map[billing.Edge]billing.EdgeTerms, error) {
	found, err := b.contracts.InForce(ctx, each(edges, func(e billing.Edge) contracts.Edge { return contracts.Edge(e) }), month)
	out := make(map[billing.Edge]billing.EdgeTerms, len(found))
	for e, terms := range found {
		to := billing.EdgeTerms{Missing: terms.Missing, Currency: terms.Currency}
		if terms.InForce != nil {
			v := contractVersion(*terms.InForce)
			to.Contract = &v
		}
		out[billing.Edge(e)] = to
	}
	return out, err
}

func (b billingContracts) ForMonth(ctx context.Context, month period.Month) ([]billing.ContractVersion, error) {
	list, err := b.contracts.ForMonth(ctx, month)
	return each(list, contractVersion), err
}

func (b billingContracts) Versions(ctx context.Context, versions ...id.Version) (map[id.Version]billing.ContractVersion, error) {
	found, err := b.contracts.ByVersion(ctx, versions)
	out := make(map[id.Version]billing.ContractVersion, len(found))
	for k, c := range found {
		out[k] = contractVersion(c)
	}
	return out, err
}

// billingUsage lets billing read usage.
type billingUsage struct{ usage *usage.Service }

func (b billingUsage) Select(ctx context.Context, assignee id.Tenant, month period.Month) ([]billing.Selection, error) {
	list, err := b.usage.Select(ctx, assignee, month)
	return each(list, billingSelection), err
}

func billingSelection(s usage.Selection) billing.Selection {
	out := billing.Selection{Owner: s.Owner, Assignee: s.Assignee, OwnUse: s.OwnUse, Contents: contentsOf(s), Rows: s.Rows, Handle: s}
	out.Accounts = each(s.Accounts, func(a usage.SelectedAccount) billing.SelectedAccount {
		return billing.SelectedAccount{ID: a.ID, Provider: a.Provider, Account: a.Account, ServiceMonths: a.ServiceMonths}
	})
	return out
}

// contentsOf returns the content hashes of the selection's deliveries, sorted,
// once each.
func contentsOf(s usage.Selection) []string {
	hashes := each(s.Segments, func(g usage.SelectedSegment) string { return g.ContentHash })
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

func (b billingUsage) Holders(ctx context.Context, serviceMonth period.Month, accounts ...id.Account) (map[id.Account]id.Tenant, error) {
	return b.usage.Holders(ctx, serviceMonth, accounts...)
}

func (b billingUsage) Scan(ctx context.Context, sel billing.Selection, need rules.Need, workers int, fn func(int, *rules.Batch) error) error {
	return scan(ctx, b.usage, sel.Handle, need, workers, fn)
}

// scan reads what handle, which Select gave or a run's record kept, stands for.
func scan(ctx context.Context, u *usage.Service, handle any, need rules.Need, workers int, fn func(int, *rules.Batch) error) error {
	switch h := handle.(type) {
	case usage.Selection:
		return u.Scan(ctx, h, need, workers, fn)
	case json.RawMessage:
		var sel usage.Selection
		if err := json.Unmarshal(h, &sel); err != nil {
			return fmt.Errorf("read a run's record of its lines: %w", err)
		}
		return u.Scan(ctx, sel, need, workers, fn)
	}
	return fmt.Errorf("a selection of %T cannot be read", handle)
}

// billingRecount lets reconciliation add up imported money again.
type billingRecount struct{ usage *usage.Service }

func (b billingRecount) Imported(ctx context.Context, month period.Month) (billing.Imported, error) {
	got, err := b.usage.Imported(ctx, month)
	if err != nil {
		return billing.Imported{}, err
	}
	out := billing.Imported{
		Sums: each(got.Sums, func(s usage.ImportedSum) billing.ImportedSum {
			return billing.ImportedSum{
				Owner: s.Owner, Provider: s.Provider, Payer: s.Payer, Currency: money.Currency(s.Currency),
				AccountID: s.AccountID, Account: s.Account, Rows: s.Rows, Billed: s.Billed, Assignee: s.Assignee,
			}
		}),
		Problems: each(got.Problems, func(p usage.Problem) billing.SegmentProblem {
			return billing.SegmentProblem{Code: p.Code, Message: p.Message}
		}),
	}
	for _, q := range got.Quarantined {
		out.Quarantined += q.Rows
	}
	return out, nil
}

// each maps list through convert; nil stays nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = convert(x)
	}
	return out
}
