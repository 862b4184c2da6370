package app

import (
	"context"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/authz"
	"tierbook/app/platform/scope"
	"tierbook/modules/billing"
	"tierbook/modules/reports"
	"tierbook/modules/usage"
)

func (a *App) reportDeps(access *authz.Authz, c clock.Clock) reports.Deps {
	return reports.Deps{Authz: access, Clock: c, Money: reportMoney{a.Billing, billingDirectory{billingTenants{a.Tenancy}}}, Usage: reportUsage{a.Usage}}
}

// reportMoney lets reports read what months came to.
type reportMoney struct {
	billing *billing.Service
	tenants billingDirectory
}

func reportParty(p billing.Party) reports.Party {
	return reports.Party{ID: p.ID, Slug: p.Slug, Name: p.Name, Tier: p.Tier}
}

func (r reportMoney) Months(ctx context.Context) ([]period.Month, error) {
	return r.billing.Months(ctx)
}

func (r reportMoney) Figures(ctx context.Context, months ...period.Month) ([]reports.Figures, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	list, err := r.billing.Figures(ctx, months...)
	return each(list, func(f billing.MonthFigures) reports.Figures {
		out := reports.Figures{Month: f.Month, Currency: f.Currency, Spend: f.Spend(), Unlisted: f.NotListed}
		for _, t := range f.Tiers {
			out.Tiers = append(out.Tiers, reports.TierFigures{
				Tier: t.Tier, Fees: t.PeriodCost, Amounts: reports.Amounts{Cost: t.Cost.Add(t.PeriodCost), Price: t.Price, Margin: t.Margin},
			})
		}
		for _, e := range f.Edges {
			if e.Seller.ID == sc.Tenant {
				out.Sales = append(out.Sales, reports.Sale{
					Buyer: reportParty(e.Buyer), Amounts: reports.Amounts{Cost: e.Cost, Price: e.Price, Margin: e.Margin},
				})
			}
		}
		out.Flow = each(f.Flow, func(l billing.FlowLink) reports.Flow {
			return reports.Flow{From: reportNode(l.From), To: reportNode(l.To), Amount: l.Amount}
		})
		return out
	}), err
}

func reportNode(n billing.FlowNode) reports.Node {
	return reports.Node{Kind: reports.NodeKind(n.Kind), Party: reportParty(n.Party)}
}

func (r reportMoney) ByService(ctx context.Context, months ...period.Month) ([]reports.ServiceMonth, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	// A reseller asks what it sells, as the distributor does.
	sales := r.billing.Sales
	if sc.Tier == scope.Customer {
		sales = func(ctx context.Context, months ...period.Month) (billing.ByService, error) {
			return r.billing.ByService(ctx, sc.Tenant, months...)
		}
	}
	got, err := sales(ctx, months...)
	return each(got.Rows, func(s billing.ServiceFigures) reports.ServiceMonth {
		return reports.ServiceMonth{
			Month: s.Month, Currency: s.Currency, Service: s.Service, IsFee: s.IsFee,
			Amounts: reports.Amounts{Cost: s.Cost, Price: s.Price, Margin: s.Margin},
		}
	}), err
}

func (r reportMoney) SalesTo(ctx context.Context, buyers []id.Tenant, months ...period.Month) ([]reports.BuyerMonth, error) {
	list, err := r.billing.SalesTo(ctx, buyers, months...)
	return each(list, func(s billing.MonthSale) reports.BuyerMonth {
		return reports.BuyerMonth{
			Month: s.Month, Buyer: s.Buyer, Currency: s.Currency, Amounts: reports.Amounts{Cost: s.Cost, Price: s.Price, Margin: s.Margin},
		}
	}), err
}

func (r reportMoney) Troubles(ctx context.Context, month period.Month) (reports.Troubles, error) {
	a, err := r.billing.Attention(ctx, month)
	if err != nil {
		return reports.Troubles{}, err
	}
	out := reports.Troubles{Blocked: a.Blocked, Waiting: a.Waiting, Running: a.Running}
	for _, f := range a.Findings {
		out.Findings = append(out.Findings, reports.Finding{
			Code: f.Code, Message: f.Example.Text(), Count: f.Count, Sum: f.Sum, Seller: reportParty(f.Seller), Buyer: reportParty(f.Buyer),
		})
	}
	about := func(run billing.Run) id.Tenant {
		if run.Kind == billing.RunPeriod {
			return run.Buyer
		}
		return run.Assignee
	}
	known, err := r.tenants.ByID(ctx, each(a.Failed, about)...)
	for _, run := range a.Failed {
		t := known[about(run)]
		out.Failed = append(out.Failed, reports.FailedRun{
			ID: run.ID, IsFees: run.Kind == billing.RunPeriod, Message: run.Error.String(),
			Customer: reports.Party{ID: t.ID, Slug: t.Slug, Name: t.Name, Tier: t.Tier},
		})
	}
	return out, err
}

func (r reportMoney) Books(ctx context.Context, month period.Month) (reports.Books, error) {
	newest, complete, ok, err := r.billing.LastCheck(ctx, month)
	if err != nil || !ok {
		return reports.Books{}, err
	}
	return reports.Books{
		IsOpen: newest.State.IsOpen(), IsChecked: !complete.ID.IsZero(), OK: complete.OK, IsStale: complete.PublishedSince > 0,
	}, nil
}

func (r reportMoney) Invoices(ctx context.Context, limit int) ([]reports.Invoice, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return nil, err
	}
	got, err := r.billing.Documents(ctx, billing.DocumentFilter{Buyer: sc.Tenant, Size: limit})
	return each(got.List, func(d billing.Document) reports.Invoice {
		return reports.Invoice{Month: d.Month, Seller: reportParty(d.SellerParty), Buyer: reportParty(d.BuyerParty), Currency: d.Currency, Total: d.Total}
	}), err
}

// reportUsage lets reports read what is billed to nobody.
type reportUsage struct{ usage *usage.Service }

func (r reportUsage) Unassigned(ctx context.Context, month period.Month) ([]reports.Unassigned, error) {
	list, err := r.usage.Unassigned(ctx, month)
	return each(list, func(u usage.UnassignedSum) reports.Unassigned {
		return reports.Unassigned{Currency: money.Currency(u.Currency), Accounts: u.Accounts, Billed: u.Billed}
	}), err
}

func (r reportUsage) Quarantined(ctx context.Context, month period.Month) (int64, error) {
	return r.usage.CountQuarantined(ctx, month)
}

func (r reportUsage) Newest(ctx context.Context) (period.Month, error) {
	return r.usage.NewestMonth(ctx)
}
