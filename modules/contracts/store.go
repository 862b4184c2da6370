package contracts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
	"tierbook/rules"
)

// store is the only door to this module's tables. Its methods run in the
// transaction in ctx. Every query is limited to the tree of ctx's scope; which
// sellers of the tree the acting tenant sees is said by row-level security.
type store struct{ db *db.DB }

const contractColumns = `c.id, c.tree_id, c.seller_id, c.buyer_id, c.name, c.currency, c.months, c.created_at`

type contractRow struct {
	ID        id.Contract
	TreeID    id.Tenant
	SellerID  id.Tenant
	BuyerID   id.Tenant
	Name      string
	Currency  money.Currency
	Months    period.Months
	CreatedAt time.Time
}

func (r contractRow) contract() Contract {
	return Contract{
		ID: r.ID, Tree: r.TreeID, Edge: Edge{Seller: r.SellerID, Buyer: r.BuyerID},
		Name: r.Name, Currency: r.Currency, Months: r.Months, CreatedAt: r.CreatedAt.UTC(),
	}
}

const versionColumns = `v.id AS version_id, v.contract_id, v.number, v.from_month, v.terms, v.terms_hash, v.saved_at, v.saved_by`

type versionRow struct {
	VersionID  id.Version
	ContractID id.Contract
	Number     int
	FromMonth  period.Month
	Terms      string
	TermsHash  string
	SavedAt    time.Time
	SavedBy    string
}

func (r versionRow) version() (Version, error) {
	v := Version{
		ID: r.VersionID, Contract: r.ContractID, Number: r.Number, From: r.FromMonth,
		TermsHash: r.TermsHash, SavedAt: r.SavedAt.UTC(), SavedBy: r.SavedBy,
	}
	if err := json.Unmarshal([]byte(r.Terms), &v.Terms); err != nil {
		return Version{}, fmt.Errorf("terms of version %s: %w", r.VersionID, err)
	}
	return v, nil
}

// query runs sql with the named arguments and @tree, the scope's tree.
func query[R any](ctx context.Context, s store, sql string, args map[string]any) ([]R, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]any{"tree": sc.Tree}
	for k, v := range args {
		all[k] = v
	}
	var rows []R
	if err := s.db.Gorm(ctx).Raw(sql, all).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read contracts: %w", err)
	}
	return rows, nil
}

// lockEdge keeps others from changing the contracts of an edge until the
// transaction ends.
func (s store) lockEdge(ctx context.Context, e Edge) error {
	err := s.db.Gorm(ctx).Exec(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`,
		"contracts:"+e.Seller.String()+":"+e.Buyer.String()).Error
	if err != nil {
		return fmt.Errorf("lock the contracts of an edge: %w", err)
	}
	return nil
}

// ofEdge returns the contracts of an edge, the latest months first.
func (s store) ofEdge(ctx context.Context, e Edge) ([]Contract, error) {
	rows, err := query[contractRow](ctx, s, `SELECT `+contractColumns+` FROM contracts_contracts c
		WHERE c.tree_id = @tree AND c.seller_id = @seller AND c.buyer_id IS NOT DISTINCT FROM CAST(@buyer AS uuid)
		ORDER BY lower(c.months) DESC`, map[string]any{"seller": e.Seller, "buyer": e.Buyer})
	if err != nil {
		return nil, err
	}
	out := make([]Contract, len(rows))
	for i, r := range rows {
		out[i] = r.contract()
	}
	return out, nil
}

// versions returns what was saved of contracts, newest first.
func (s store) versions(ctx context.Context, contracts ...id.Contract) ([]Version, error) {
	if len(contracts) == 0 {
		return nil, nil
	}
	rows, err := query[versionRow](ctx, s, `SELECT `+versionColumns+` FROM contracts_versions v
		WHERE v.tree_id = @tree AND v.contract_id = ANY (CAST(@contracts AS uuid[])) ORDER BY v.contract_id, v.number DESC`,
		map[string]any{"contracts": id.Array(contracts)})
	if err != nil {
		return nil, err
	}
	out := make([]Version, len(rows))
	for i, r := range rows {
		if out[i], err = r.version(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s store) insert(ctx context.Context, c Contract) error {
	err := s.db.Gorm(ctx).Exec(`INSERT INTO contracts_contracts (id, tree_id, seller_id, buyer_id, name, currency, months, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Tree, c.Edge.Seller, c.Edge.Buyer, c.Name, string(c.Currency), c.Months, c.CreatedAt).Error
	if err != nil {
		return fmt.Errorf("add contract: %w", err)
	}
	return nil
}

func (s store) setMonths(ctx context.Context, c id.Contract, months period.Months) error {
	if err := s.db.Gorm(ctx).Exec(`UPDATE contracts_contracts SET months = ? WHERE id = ?`, months, c).Error; err != nil {
		return fmt.Errorf("change a contract's months: %w", err)
	}
	return nil
}

func (s store) insertVersion(ctx context.Context, c Contract, v Version) error {
	terms, err := json.Marshal(v.Terms)
	if err != nil {
		return fmt.Errorf("write terms: %w", err)
	}
	err = s.db.Gorm(ctx).Exec(`INSERT INTO contracts_versions
		(id, contract_id, tree_id, seller_id, number, from_month, terms, terms_hash, saved_at, saved_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.ID, c.ID, c.Tree, c.Edge.Seller, v.Number, v.From, string(terms), v.TermsHash, v.SavedAt, v.SavedBy).Error
	if err != nil {
		return fmt.Errorf("add version: %w", err)
	}
	return nil
}

// standing is a contract joined with one of its versions.
type standing struct {
	C contractRow `gorm:"embedded"`
	V versionRow  `gorm:"embedded"`
}

// joined reads contracts with one version each, as from says.
func (s store) joined(ctx context.Context, from string, args map[string]any) ([]InForce, error) {
	rows, err := query[standing](ctx, s, `SELECT `+contractColumns+`, `+versionColumns+` FROM contracts_contracts c `+from+`
		ORDER BY c.seller_id, c.buyer_id NULLS FIRST, v.id`, args)
	if err != nil {
		return nil, err
	}
	out := make([]InForce, len(rows))
	for i, r := range rows {
		v, err := r.V.version()
		if err != nil {
			return nil, err
		}
		out[i] = InForce{Contract: r.C.contract(), Version: v}
	}
	return out, nil
}

// versionInForce joins each contract that stands in month @month with its
// version in force then.
const versionInForce = `
	JOIN LATERAL (SELECT * FROM contracts_versions n WHERE n.contract_id = c.id AND n.from_month <= CAST(@month AS date)
		ORDER BY n.number DESC LIMIT 1) v ON true
	WHERE c.tree_id = @tree AND c.months @> CAST(@month AS date)`

// withBuyers is the condition that a contract is with one of @buyers, or a base
// contract.
const withBuyers = ` AND (c.buyer_id IS NULL OR c.buyer_id = ANY (CAST(@buyers AS uuid[])))`

// inForce returns what is in force in month m between sellers and buyers, base
// contracts included; without buyers, between sellers and anyone.
func (s store) inForce(ctx context.Context, m period.Month, sellers []id.Tenant, buyers ...id.Tenant) ([]InForce, error) {
	if len(sellers) == 0 {
		return nil, nil
	}
	where, args := versionInForce+` AND c.seller_id = ANY (CAST(@sellers AS uuid[]))`, map[string]any{"month": m, "sellers": id.Array(sellers)}
	if len(buyers) > 0 {
		where, args["buyers"] = where+withBuyers, id.Array(buyers)
	}
	return s.joined(ctx, where, args)
}

// inForceInTree returns everything that is in force in month m.
func (s store) inForceInTree(ctx context.Context, m period.Month) ([]InForce, error) {
	return s.joined(ctx, versionInForce, map[string]any{"month": m})
}

func (s store) byVersion(ctx context.Context, versions []id.Version) ([]InForce, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	return s.joined(ctx, `JOIN contracts_versions v ON v.contract_id = c.id
		WHERE c.tree_id = @tree AND v.id = ANY (CAST(@versions AS uuid[]))`, map[string]any{"versions": id.Array(versions)})
}

// before returns what the last contract of each edge that began in month m or
// earlier said of lines that no contract covers, and its currency, as of its
// last month up to m.
func (s store) before(ctx context.Context, m period.Month, sellers, buyers []id.Tenant) (map[Edge]EdgeTerms, error) {
	if len(sellers) == 0 {
		return nil, nil
	}
	type row struct {
		SellerID id.Tenant
		BuyerID  id.Tenant
		Currency money.Currency
		Missing  rules.Missing
	}
	rows, err := query[row](ctx, s, `
		SELECT DISTINCT ON (c.seller_id, c.buyer_id) c.seller_id, c.buyer_id, c.currency, v.terms ->> 'missing' AS missing
		FROM contracts_contracts c
		JOIN LATERAL (SELECT * FROM contracts_versions n
			WHERE n.contract_id = c.id AND n.from_month <= CAST(@month AS date)
				AND (upper_inf(c.months) OR n.from_month < upper(c.months))
			ORDER BY n.number DESC LIMIT 1) v ON true
		WHERE c.tree_id = @tree AND c.seller_id = ANY (CAST(@sellers AS uuid[])) AND lower(c.months) <= CAST(@month AS date)`+withBuyers+`
		ORDER BY c.seller_id, c.buyer_id, lower(c.months) DESC`, map[string]any{"month": m, "sellers": id.Array(sellers), "buyers": id.Array(buyers)})
	if err != nil {
		return nil, err
	}
	out := make(map[Edge]EdgeTerms, len(rows))
	for _, r := range rows {
		out[Edge{Seller: r.SellerID, Buyer: r.BuyerID}] = EdgeTerms{Missing: r.Missing, Currency: r.Currency}
	}
	return out, nil
}
