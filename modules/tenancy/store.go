package tenancy

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// store is the only door to this module's tables. Its methods run in the
// transaction in ctx, as its tenant: every query names the scope it is limited
// to, and row-level security says the same again.
type store struct{ db *db.DB }

// tenantRow is a tenant with its distributor's slug. A tenant below the
// distributor does not see the distributor's row, so that its slug is left out
// there.
type tenantRow struct {
	ID          id.Tenant
	TreeID      id.Tenant
	Distributor *string
	Tier        scope.Tier
	Slug        string
	Name        string
	CreatedAt   time.Time
}

func (r tenantRow) tenant() Tenant {
	t := Tenant{ID: r.ID, Tree: r.TreeID, Tier: r.Tier, Slug: r.Slug, Name: r.Name, CreatedAt: r.CreatedAt.UTC()}
	if r.Distributor != nil {
		t.Distributor = *r.Distributor
	}
	return t
}

const tenantColumns = `t.id, t.tree_id, d.slug AS distributor, t.tier, t.slug, t.name, t.created_at`

// tenantsFrom joins what tenantColumns reads.
const tenantsFrom = ` FROM tenancy_tenants t LEFT JOIN tenancy_tenants d ON d.id = t.tree_id`

// inScope limits a query over t to the acting tenant and those that are or
// were below it: to its whole tree where it is a distributor.
const inScope = ` (t.tree_id = @acting OR t.id IN (SELECT c.descendant_id FROM tenancy_closure c WHERE c.ancestor_id = @acting))`

// params are a query's named arguments: those given, and the acting tenant.
func params(ctx context.Context, args map[string]any) (map[string]any, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]any{"acting": sc.Tenant}
	for k, v := range args {
		all[k] = v
	}
	return all, nil
}

// find runs a query of rows within the scope.
func find[R any](ctx context.Context, s store, sql string, args map[string]any) ([]R, error) {
	all, err := params(ctx, args)
	if err != nil {
		return nil, err
	}
	var rows []R
	if err := s.db.Gorm(ctx).Raw(sql, all).Scan(&rows).Error; err != nil {
		return nil, err
	}
	return rows, nil
}

func (s store) tenants(ctx context.Context, condition string, args map[string]any) ([]Tenant, error) {
	rows, err := find[tenantRow](ctx, s, `SELECT `+tenantColumns+tenantsFrom+
		` WHERE `+inScope+condition+` ORDER BY t.tier, t.slug, t.id`, args)
	if err != nil {
		return nil, fmt.Errorf("read tenants: %w", err)
	}
	return tenantsOf(rows), nil
}

func tenantsOf(rows []tenantRow) []Tenant {
	out := make([]Tenant, len(rows))
	for i, r := range rows {
		out[i] = r.tenant()
	}
	return out
}

func (s store) all(ctx context.Context) ([]Tenant, error) { return s.tenants(ctx, "", nil) }

func (s store) byID(ctx context.Context, ts []id.Tenant) ([]Tenant, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	return s.tenants(ctx, ` AND t.id = ANY (CAST(@ids AS uuid[]))`, map[string]any{"ids": id.Array(ts)})
}

func (s store) get(ctx context.Context, t id.Tenant) (Tenant, error) {
	found, err := s.byID(ctx, []id.Tenant{t})
	switch {
	case err != nil:
		return Tenant{}, err
	case len(found) == 0:
		return Tenant{}, ErrNotFound
	}
	return found[0], nil
}

func (s store) bySlug(ctx context.Context, slug string) ([]Tenant, error) {
	return s.tenants(ctx, ` AND t.slug = @slug`, map[string]any{"slug": slug})
}

// operatorTenants reads across all trees, past row-level security: for the
// command line, which has no scope yet. Only the work role can.
func (s store) operatorTenants(ctx context.Context, condition string, args ...any) ([]Tenant, error) {
	var rows []tenantRow
	err := s.db.SystemTx(ctx, func(ctx context.Context) error {
		return s.db.Gorm(ctx).Raw(`SELECT `+tenantColumns+tenantsFrom+
			` WHERE `+condition+` ORDER BY d.slug, t.tier, t.slug`, args...).Scan(&rows).Error
	})
	if err != nil {
		return nil, fmt.Errorf("read tenants of all trees: %w", err)
	}
	return tenantsOf(rows), nil
}

// insert adds a tenant, unless its slug is taken in a place that the acting
// tenant may not even see: then it returns false and adds nothing.
func (s store) insert(ctx context.Context, t Tenant) (bool, error) {
	res := s.db.Gorm(ctx).Exec(`INSERT INTO tenancy_tenants (id, tree_id, tier, slug, name, created_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, t.ID, t.Tree, t.Tier, t.Slug, t.Name, t.CreatedAt)
	if res.Error != nil {
		return false, fmt.Errorf("add tenant: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}

// place writes who stands above tenant in months, and the closure with it. A
// distributor has no parent, only its own place in the closure.
func (s store) place(ctx context.Context, t, parent, tree id.Tenant, months period.Months) error {
	q := s.db.Gorm(ctx)
	if !parent.IsZero() {
		err := q.Exec(`INSERT INTO tenancy_parents (tenant_id, parent_id, tree_id, months) VALUES (?, ?, ?, ?)`,
			t, parent, tree, months).Error
		if err != nil {
			return fmt.Errorf("place tenant: %w", err)
		}
	}
	if err := q.Exec(`SELECT tenancy_extend_closure(?, ?, ?)`, t, parent, months).Error; err != nil {
		return fmt.Errorf("extend closure: %w", err)
	}
	return nil
}

// move ends a placement before from, or, where it began no earlier, replaces
// it, and puts the tenant under parent from then on, for ever.
func (s store) move(ctx context.Context, t Tenant, was Placement, parent id.Tenant, from period.Month) error {
	q, months := s.db.Gorm(ctx), period.Months{From: from}
	res := q.Exec(`UPDATE tenancy_parents SET parent_id = ? WHERE tenant_id = ? AND parent_id = ? AND months = ? AND months = ?`,
		parent, t.ID, was.Parent, was.Months, months)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		res = q.Exec(`UPDATE tenancy_parents SET months = months * daterange(NULL, ?) WHERE tenant_id = ? AND parent_id = ? AND months = ?`,
			from, t.ID, was.Parent, was.Months)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errMoved
		}
		err := q.Exec(`INSERT INTO tenancy_parents (tenant_id, parent_id, tree_id, months) VALUES (?, ?, ?, ?)`, t.ID, parent, t.Tree, months).Error
		if err != nil {
			return err
		}
	}
	return s.db.Gorm(ctx).Exec(`SELECT tenancy_move_closure(?, ?, ?)`, t.ID, parent, from).Error
}

// placements returns the parents of tenants below the acting one in month m;
// a zero month asks for all months.
func (s store) placements(ctx context.Context, m period.Month) ([]Placement, error) {
	return s.placed(ctx, `SELECT `+placementColumns+` FROM tenancy_parents p WHERE`+isPlacement, map[string]any{"month": m})
}

// placementsAbove returns those of placements that lead up from tenants. OFFSET
// 0 has each step looked up, where the planner would read everybody's parents.
func (s store) placementsAbove(ctx context.Context, m period.Month, tenants []id.Tenant) ([]Placement, error) {
	if len(tenants) == 0 {
		return nil, nil
	}
	return s.placed(ctx, `
		WITH RECURSIVE up AS (
			SELECT `+placementColumns+` FROM tenancy_parents p WHERE p.tenant_id = ANY (CAST(@tenants AS uuid[])) AND`+isPlacement+`
			UNION
			SELECT p.* FROM up CROSS JOIN LATERAL (
				SELECT `+placementColumns+` FROM tenancy_parents p WHERE p.tenant_id = up.parent_id AND`+isPlacement+` OFFSET 0) p)
		SELECT * FROM up`, map[string]any{"month": m, "tenants": id.Array(tenants)})
}

const (
	placementColumns = `p.tenant_id, p.parent_id, p.months`
	// isPlacement limits p to the acting tenant's and those below it in month
	// @month; NULL: in any.
	isPlacement = ` (p.tree_id = @acting OR p.parent_id IN (SELECT c.descendant_id FROM tenancy_closure c WHERE c.ancestor_id = @acting))
		AND (CAST(@month AS date) IS NULL OR p.months @> CAST(@month AS date))`
)

func (s store) placed(ctx context.Context, sql string, args map[string]any) ([]Placement, error) {
	type row struct {
		TenantID id.Tenant
		ParentID id.Tenant
		Months   period.Months
	}
	rows, err := find[row](ctx, s, sql, args)
	if err != nil {
		return nil, fmt.Errorf("read parents: %w", err)
	}
	out := make([]Placement, len(rows))
	for i, r := range rows {
		out[i] = Placement{Tenant: r.TenantID, Parent: r.ParentID, Months: r.Months}
	}
	return out, nil
}

type userRow struct {
	ID         id.User
	TenantID   id.Tenant
	Email      string
	Name       string
	DisabledAt *time.Time
	CreatedAt  time.Time
}

func (r userRow) user() User {
	u := User{ID: r.ID, Tenant: r.TenantID, Email: r.Email, Name: r.Name, CreatedAt: r.CreatedAt.UTC()}
	if r.DisabledAt != nil {
		u.DisabledAt = r.DisabledAt.UTC()
	}
	return u
}

// user returns a user of a tenant in scope, by a condition over u and t. The
// password's hash is not for this role to read.
func (s store) user(ctx context.Context, condition string, args map[string]any) (userRow, error) {
	rows, err := find[userRow](ctx, s, `SELECT u.id, u.tenant_id, u.email, u.name, u.disabled_at, u.created_at FROM tenancy_users u JOIN tenancy_tenants t ON t.id = u.tenant_id
		WHERE `+inScope+condition, args)
	switch {
	case err != nil:
		return userRow{}, fmt.Errorf("read user: %w", err)
	case len(rows) == 0:
		return userRow{}, ErrUserNotFound
	}
	return rows[0], nil
}

func (s store) userByID(ctx context.Context, u id.User) (userRow, error) {
	return s.user(ctx, ` AND u.id = @id`, map[string]any{"id": u})
}

func (s store) userByEmail(ctx context.Context, email string) (userRow, error) {
	return s.user(ctx, ` AND u.email = @email`, map[string]any{"email": email})
}

// insertUser adds a user; false if the e-mail address is taken, by whomever.
func (s store) insertUser(ctx context.Context, u User, hash string) (bool, error) {
	res := s.db.Gorm(ctx).Exec(`INSERT INTO tenancy_users (id, tenant_id, email, name, password_hash, created_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, u.ID, u.Tenant, u.Email, u.Name, hash, u.CreatedAt)
	if res.Error != nil {
		return false, fmt.Errorf("add user: %w", res.Error)
	}
	return res.RowsAffected == 1, nil
}

// setPassword and disable (nil: enable) change a user of a tenant in scope.
func (s store) setPassword(ctx context.Context, u id.User, hash string) error {
	return s.updateUser(ctx, `UPDATE tenancy_users SET password_hash = ? WHERE id = ?`, hash, u)
}

func (s store) disable(ctx context.Context, u id.User, at *time.Time) error {
	return s.updateUser(ctx, `UPDATE tenancy_users SET disabled_at = ? WHERE id = ?`, at, u)
}

func (s store) updateUser(ctx context.Context, sql string, args ...any) error {
	found, err := changed(s.db.Gorm(ctx).Exec(sql, args...))
	if err == nil && !found {
		return ErrUserNotFound
	}
	return err
}

func (s store) roles(ctx context.Context, u id.User) ([]Role, error) {
	type row struct {
		TenantID id.Tenant
		Role     string
	}
	rows, err := find[row](ctx, s, `SELECT r.tenant_id, r.role FROM tenancy_user_roles r
		JOIN tenancy_tenants t ON t.id = r.tenant_id
		WHERE r.user_id = @id AND`+inScope+` ORDER BY t.tier, t.slug, r.role`, map[string]any{"id": u})
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	out := make([]Role, len(rows))
	for i, r := range rows {
		out[i] = Role{Tenant: r.TenantID, Name: r.Role}
	}
	return out, nil
}

// grant adds a role; false if the user has it already.
func (s store) grant(ctx context.Context, in RoleInput, at time.Time) (bool, error) {
	return changed(s.db.Gorm(ctx).Exec(`INSERT INTO tenancy_user_roles (user_id, tenant_id, role, granted_at)
		VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, in.User, in.Tenant, in.Role, at))
}

// revoke removes a role; false if the user does not have it.
func (s store) revoke(ctx context.Context, in RoleInput) (bool, error) {
	return changed(s.db.Gorm(ctx).Exec(`DELETE FROM tenancy_user_roles
		WHERE user_id = ? AND tenant_id = ? AND role = ?`, in.User, in.Tenant, in.Role))
}

func changed(res *gorm.DB) (bool, error) {
	if res.Error != nil {
		return false, fmt.Errorf("change users: %w", res.Error)
	}
	return res.RowsAffected > 0, nil
}
