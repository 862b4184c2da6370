package contracts

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/rules"
	view "tierbook/views/contracts"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// permCustomers is what the pages of tenants ask for.
const permCustomers = "customers.read"

// Routes mounts the module's pages.
func (m *Module) Routes(r *web.Router) {
	r.Get(routes.Contracts, PermRead, m.index)
	r.Get(routes.Reference, PermRead, m.reference)
	r.Get(routes.ContractNew, PermWrite, m.newContract)
	r.Post(routes.ContractNew, PermWrite, m.saveNew)
	r.Post(routes.ContractNewCheck, PermWrite, m.checkNew)
	r.Post(routes.ContractNewPreview, PermPreview, m.previewNew)
	r.Get(routes.Contracts+"/:id", PermRead, m.show)
	r.Get(routes.Contracts+"/:id/yaml", PermRead, m.yaml)
	r.GetLive(routes.Contracts+"/:id/compare", PermRead, m.compare)
	r.Get(routes.Contracts+"/:id/edit", PermWrite, m.edit)
	r.Post(routes.Contracts+"/:id/edit", PermWrite, m.save)
	r.Post(routes.Contracts+"/:id/check", PermWrite, m.check)
	r.Post(routes.Contracts+"/:id/preview", PermPreview, m.preview)
}

// Nav is what the module adds to the main menu.
func (m *Module) Nav() []web.NavItem {
	return []web.NavItem{{Permission: PermRead, Item: layout.Item{Section: "Contracts", Text: "Contracts", URL: routes.Contracts}}}
}

// Search finds contracts for the search over everything.
func (m *Module) Search(ctx context.Context, text string, limit int) ([]layout.Hit, error) {
	found, err := m.Service.Search(ctx, text, limit)
	out := make([]layout.Hit, len(found))
	for i, f := range found {
		buyer := f.Buyer
		if buyer == "" {
			buyer = "all buyers"
		}
		out[i] = layout.Hit{Kind: "Contract", Title: f.Name, Sub: f.Seller + " → " + buyer + ", " + monthsText(f.Months), URL: routes.Contract(f.ID)}
	}
	return out, err
}

// seer says what a page may link to and offer.
func seer(c *fiber.Ctx) sees {
	return sees{customers: web.Can(c, permCustomers), write: web.Can(c, PermWrite), preview: web.Can(c, PermPreview)}
}

// contractID reads the id of a path; one that is none is nobody's.
func contractID(c *fiber.Ctx) (id.Contract, error) {
	out, err := id.Parse[id.Contract](c.Params("id"))
	if err != nil {
		return id.Contract{}, ErrNotFound
	}
	return out, nil
}

func (m *Module) index(c *fiber.Ctx) error {
	switch find := c.Query("find"); find {
	case "seller", "buyer":
		return m.findParty(c, find)
	}
	f := bindFilter(c)
	list, err := m.Service.List(c.UserContext(), f)
	if err != nil {
		return err
	}
	parties, err := m.Service.Parties(c.UserContext(), "", ui.FewTenants+1)
	if err != nil {
		return err
	}
	may := seer(c)
	p := presentIndex(f, list, parties, may)
	if acting, err := m.Service.Acting(c.UserContext()); err != nil {
		return err
	} else if may.write && f.isEdge() && list.Seller.ID == acting.ID {
		p.NewURL, p.NewWith = routes.With(routes.ContractNew, "buyer", list.Buyer.Slug), list.Buyer.Name
	}
	head := layout.Head{Title: "Contracts", More: []ui.Link{{Text: "Rule language", URL: routes.Reference}}}
	if may.write {
		head.Action = ui.Button(ui.Link{Text: "New contract", URL: routes.ContractNew})
	}
	return web.Page(c, head, view.List(p))
}

// findParty answers with those whose names hold what was typed into the
// filter's field.
func (m *Module) findParty(c *fiber.Ctx, field string) error {
	parties, err := m.Service.Parties(c.UserContext(), c.Query(field), ui.FewTenants)
	if err != nil {
		return err
	}
	if field == "seller" {
		return web.Fragment(c, ui.Found(view.SellersID, tenantOptions(sellersOf(parties))))
	}
	return web.Fragment(c, ui.Found(view.BuyersID, tenantOptions(buyersAmong(parties))))
}

func bindFilter(c *fiber.Ctx) Filter {
	f := Filter{
		Seller: strings.TrimSpace(c.Query("seller")), Buyer: strings.TrimSpace(c.Query("buyer")), Text: strings.TrimSpace(c.Query("q")),
		State: State(c.Query("state")), Sort: c.Query("sort"),
	}
	if _, known := states[f.State]; !known {
		f.State = ""
	}
	if _, known := orders[f.Sort]; !known {
		f.Sort = ""
	}
	if n, err := strconv.Atoi(c.Query("offset")); err == nil && n > 0 {
		f.Offset = n
	}
	return f
}

func (m *Module) show(c *fiber.Ctx) error {
	d, err := m.get(c)
	if err != nil {
		return err
	}
	v, err := versionOf(c, d)
	if err != nil {
		return err
	}
	may := seer(c)
	p := m.speak().presentShow(d, v, may)
	if may.preview {
		buyers, err := m.Service.BuyersOf(c.UserContext(), d.Contract.Edge, ui.FewTenants)
		if err != nil {
			return err
		}
		p.Customers, p.Sold = presentBuyers(buyers.Largest, may)
		others, err := m.Service.Others(c.UserContext(), buyers)
		if err != nil {
			return err
		}
		p.OtherCustomers = int64(others)
		if may.customers {
			p.AllURL = routes.Customers
		}
	}
	head := layout.Head{Title: d.Contract.Name, Sub: edgeText(d), Crumbs: crumbs(d.Contract.ID, d.Contract.Name, ""), Scripts: []string{"editor"}}
	head.More = []ui.Link{{Text: "Download as YAML", URL: p.YAMLURL}, {Text: "Rule language", URL: routes.Reference}}
	if p.CompareURL != "" {
		head.More = append([]ui.Link{{Text: "Compare versions", URL: p.CompareURL}}, head.More...)
	}
	if may.write {
		head.Action = ui.Button(ui.Link{Text: "Edit rules", URL: p.EditURL})
	}
	return web.Page(c, head, view.Contract(p))
}

func (m *Module) speak() speaker { return speaker{m.engine} }

func edgeText(d Detail) string {
	if d.Buyer.ID.IsZero() {
		return d.Seller.Name + " → all buyers"
	}
	return d.Seller.Name + " → " + d.Buyer.Name
}

func (m *Module) get(c *fiber.Ctx) (Detail, error) {
	contract, err := contractID(c)
	if err != nil {
		return Detail{}, err
	}
	return m.Service.Get(c.UserContext(), contract)
}

// versionOf returns the version that the query asks for, else the newest.
func versionOf(c *fiber.Ctx, d Detail) (Version, error) {
	if c.Query("version") == "" {
		return d.Versions[0], nil
	}
	n, _ := strconv.Atoi(c.Query("version"))
	v, ok := d.version(n)
	if !ok {
		return Version{}, ErrNotFound
	}
	return v, nil
}

func (m *Module) yaml(c *fiber.Ctx) error {
	d, err := m.get(c)
	if err != nil {
		return err
	}
	v, err := versionOf(c, d)
	if err != nil {
		return err
	}
	name := strings.Trim(d.Document.Seller+"-"+d.Document.Buyer, "-") + "-v" + strconv.Itoa(v.Number) + ".yaml"
	c.Set(fiber.HeaderContentType, "application/yaml; charset=utf-8")
	c.Attachment(name)
	return c.Send(Format(d.DocumentOf(v)))
}

func (m *Module) compare(c *fiber.Ctx) error {
	contract, err := contractID(c)
	if err != nil {
		return err
	}
	old, next := c.QueryInt("old"), c.QueryInt("new")
	cmp, err := m.Service.Compare(c.UserContext(), contract, old, next)
	if err != nil {
		return err
	}
	p := m.speak().presentCompare(cmp)
	if web.Can(c, PermPreview) && len(cmp.Versions) > 1 {
		p.MayPrice = true
		if p.Money, err = m.money(c, cmp); err != nil {
			return err
		}
	}
	head := layout.Head{Title: "Compare versions", Sub: cmp.Contract.Name + ", " + edgeText(cmp.Detail), Crumbs: crumbs(contract, cmp.Contract.Name, "Compare")}
	return web.Page(c, head, view.Comparison(p))
}

// money prices both versions; what keeps it from that is said on the page.
func (m *Module) money(c *fiber.Ctx, cmp Comparison) (view.Preview, error) {
	e, err := m.Service.Money(c.UserContext(), cmp, monthQuery(c))
	switch errs.KindOf(err) {
	case errs.FailedPrecondition, errs.Invalid, errs.NotFound:
		return view.Preview{Problems: reasons(err)}, nil
	}
	if err != nil {
		return view.Preview{}, err
	}
	p := presentEffect(e, everybodyText(e))
	p.BeforeText = "version " + strconv.Itoa(cmp.Old.Number)
	return p, nil
}

func everybodyText(e Effect) string {
	if len(e.Customers) == 1 {
		return e.Customers[0].Customer.Name
	}
	return ui.FormatCounted(int64(len(e.Customers)), "customer", "customers")
}

func (m *Module) reference(c *fiber.Ctx) error {
	kind, err := m.Service.OwnKind(c.UserContext())
	if err != nil {
		return err
	}
	p := reference(m.engine, kind == rules.EdgeBelow, c.Query("q"))
	head := layout.Head{Title: "Rule language", Crumbs: crumbs(id.Contract{}, "Rule language", ""), Scripts: []string{"editor"}}
	return web.Page(c, head, view.Words(p), web.Part{ID: view.ReferenceID, View: view.ReferenceBody(p)})
}
