package contracts

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/web"
	"tierbook/rules"
	view "tierbook/views/contracts"
	"tierbook/views/layout"
	"tierbook/views/ui"
)

// sampleLines is how many real lines an effect shows.
const sampleLines = 15

func (m *Module) edit(c *fiber.Ctx) error {
	d, err := m.get(c)
	if err != nil {
		return err
	}
	if c.Query("find") == "customer" {
		return m.findCustomer(c, d.Contract.Edge)
	}
	f := formOf(d.Document, d.seen())
	if err := f.fits(); err != nil {
		return err
	}
	f.Customer = c.Query("customer")
	return m.editor(c, &d, f, nil)
}

// bindEdit reads the form of a saved contract, whose parties, name and currency
// stay what they are.
func (m *Module) bindEdit(c *fiber.Ctx) (Detail, draftForm, error) {
	d, err := m.get(c)
	if err != nil {
		return Detail{}, draftForm{}, err
	}
	f, err := bindDraft(c.FormValue)
	f.Seller, f.Buyer, f.Name, f.Currency = d.Document.Seller, d.Document.Buyer, d.Document.Name, string(d.Contract.Currency)
	return d, f, err
}

// findCustomer answers with those who buy through an edge and whose names hold
// what was typed.
func (m *Module) findCustomer(c *fiber.Ctx, e Edge) error {
	found, err := m.Service.BuyersCalled(c.UserContext(), e, c.Query("other"), ui.FewTenants)
	if err != nil {
		return err
	}
	return web.Fragment(c, ui.Found(view.CustomersID, tenantOptions(found)))
}

// save carries out one of the form's buttons: it saves, shows the effect, or
// changes the list of rules.
func (m *Module) save(c *fiber.Ctx) error {
	d, f, err := m.bindEdit(c)
	if err != nil {
		return err
	}
	op := c.FormValue("op")
	if seen, isOnto := strings.CutPrefix(op, opOnto); isOnto {
		f = f.onto(parseSeen(seen))
	} else if op != "save" {
		f.change(op)
		return m.editor(c, &d, f, nil)
	}
	doc, err := m.ready(c, f)
	if err != nil {
		return m.editor(c, &d, f, err)
	}
	applied, err := m.Service.Save(c.UserContext(), d.Contract.ID, f.Seen, doc)
	if errors.Is(err, ErrOvertaken) {
		overtaken := err
		if d, err = m.get(c); err != nil { // with what has overtaken the form
			return err
		}
		return m.editor(c, &d, f, overtaken)
	}
	if err != nil {
		return m.editor(c, &d, f, err)
	}
	return m.saved(c, applied)
}

// saved leads to what was saved.
func (m *Module) saved(c *fiber.Ctx, a Applied) error {
	number := strconv.Itoa(a.Version.Number)
	switch a.Outcome {
	case OutcomeUnchanged:
		web.Toast(c, "Nothing has changed.")
	case OutcomeMonths:
		web.Toast(c, "The contract's months were changed.")
	case OutcomeSaved:
		web.Toast(c, "Version "+number+" was saved. Recalculate to charge by it.")
		return web.SeeOther(c, routes.ContractCompare(a.Contract.ID, strconv.Itoa(a.Version.Number-1), number))
	case OutcomeCreated:
		web.Toast(c, "The contract was saved.")
	}
	return web.SeeOther(c, routes.Contract(a.Contract.ID))
}

var (
	errForm  = errs.New(errs.Invalid, "contracts.form", "Some fields need another look.")
	errAgree = errs.New(errs.Invalid, "contracts.agree", "Please confirm what this would disclose.").WithField("agreed", "This has to be confirmed.")
)

// ready returns the form's document, if it can be saved: everything compiles,
// and what has to be confirmed is.
func (m *Module) ready(c *fiber.Ctx, f draftForm) (Document, error) {
	doc, wrong := f.document()
	mistakes, err := m.Service.Diagnose(c.UserContext(), doc)
	if err != nil {
		return doc, err
	}
	out := errForm
	for name, message := range wrong {
		out = out.WithField(name, message)
	}
	for _, one := range mistakes {
		if out.Fields[fieldOf(one)] == "" {
			out = out.WithField(fieldOf(one), placed(one))
		}
	}
	if len(out.Fields) > 0 {
		return doc, out
	}
	warnings, err := m.Service.Warnings(c.UserContext(), doc)
	if err == nil && len(warnings) > 0 && !f.Agreed {
		err = errAgree
	}
	return doc, err
}

// placed is a mistake for those who see no underlined text.
func placed(m rules.Mistake) string {
	if m.Line > 1 {
		return fmt.Sprintf("Line %d, column %d: %s.", m.Line, m.Column, m.Message)
	}
	if m.Line == 1 {
		return fmt.Sprintf("Column %d: %s.", m.Column, m.Message)
	}
	return upperFirst(m.Message) + "."
}

// editor answers with the form, and with what is wrong with it. d is nil for a
// new contract.
func (m *Module) editor(c *fiber.Ctx, d *Detail, f draftForm, wrong error) error {
	e, err := m.editing(c, d, f)
	if err != nil {
		return err
	}
	if wrong != nil {
		e.problem, _ = web.Problem(wrong)
	}
	if c.FormValue("op") == "preview" {
		if e.preview, err = m.effect(c, f); err != nil {
			return err
		}
	}
	p := m.speak().presentEdit(e)
	head := layout.Head{Title: "New contract", Crumbs: crumbs(id.Contract{}, "New contract", ""), Scripts: []string{"editor"}}
	p.Action, p.CheckURL, p.PreviewURL, p.CancelURL = routes.ContractNew, routes.ContractNewCheck, routes.ContractNewPreview, routes.Contracts
	if d == nil {
		head.More = []ui.Link{{Text: "From a YAML file", URL: routes.With(routes.ContractNew, "from", "yaml")}}
	} else {
		contract := d.Contract.ID
		head.Title, head.Sub, head.Crumbs = "Edit rules", d.Contract.Name+", "+edgeText(*d), crumbs(contract, d.Contract.Name, "Edit")
		p.Action, p.CheckURL, p.PreviewURL = routes.ContractEdit(contract), routes.ContractCheck(contract), routes.ContractPreview(contract)
		p.CancelURL = routes.Contract(contract)
		if errors.Is(wrong, ErrOvertaken) {
			p.Overtaken, p.Problem = presentOvertaken(f, *d), ui.Problem{}
		}
	}
	if wrong != nil {
		return web.FormAgain(c, wrong, head, view.Editor(p))
	}
	return web.Page(c, head, view.Editor(p))
}

// editing reads what the form's page needs.
func (m *Module) editing(c *fiber.Ctx, d *Detail, f draftForm) (e editing, err error) {
	ctx := c.UserContext()
	e.find = routes.ContractNew
	edge := Edge{}
	if d != nil {
		edge, e.seller, e.find = d.Contract.Edge, d.Seller.Name, routes.ContractEdit(d.Contract.ID)
	} else if edge, err = m.newEdge(c, &f, &e); err != nil {
		return e, err
	}
	doc, _ := f.document()
	if e.kind, err = m.Service.draftKind(ctx, doc); err != nil {
		return e, err
	}
	if web.Can(c, PermPreview) {
		if e.customers, err = m.Service.BuyersOf(ctx, edge, ui.FewTenants); err != nil {
			return e, err
		}
	}
	e.form = f.among(e.customers)
	e.warnings, err = m.Service.Warnings(ctx, doc)
	if errs.KindOf(err) == errs.Invalid { // it does not compile yet
		err = nil
	}
	return e, err
}

// newEdge reads who a new contract may be made with, and chooses a buyer where
// nobody has yet.
func (m *Module) newEdge(c *fiber.Ctx, f *draftForm, e *editing) (Edge, error) {
	acting, err := m.Service.Acting(c.UserContext())
	if err != nil {
		return Edge{}, err
	}
	e.seller = acting.Name
	if e.buyers, e.mayBase, err = m.buyers(c); err != nil {
		return Edge{}, err
	}
	if f.NoBuyerYet {
		f.Buyer = firstBuyer(e.buyers)
	}
	return m.Service.edgeTo(c.UserContext(), acting, f.Buyer)
}

// check answers what is wrong with the draft, for an editor while somebody
// types.
func (m *Module) check(c *fiber.Ctx) error {
	_, f, err := m.bindEdit(c)
	if err != nil {
		return err
	}
	return m.diagnose(c, f)
}

func (m *Module) diagnose(c *fiber.Ctx, f draftForm) error {
	doc, _ := f.document()
	mistakes, err := m.Service.Diagnose(c.UserContext(), doc)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		var texts []string
		for _, one := range mistakes {
			texts = append(texts, mistakeText(f, one))
		}
		return web.Fragment(c, view.Effect(view.Preview{Asked: len(texts) == 0, Problems: texts}))
	}
	return c.JSON(presentMistakes(mistakes))
}

func (m *Module) preview(c *fiber.Ctx) error {
	_, f, err := m.bindEdit(c)
	if err != nil {
		return err
	}
	return m.previewed(c, f)
}

func (m *Module) previewed(c *fiber.Ctx, f draftForm) error {
	p, err := m.effect(c, f)
	if err != nil {
		return err
	}
	doc, _ := f.document()
	kind, err := m.Service.draftKind(c.UserContext(), doc)
	if err != nil {
		return err
	}
	p.Sentences = m.speak().sentences(kind, f.Rules)
	return web.Fragment(c, view.Live(p))
}

// effect prices the draft; what keeps it from that is said in its place.
func (m *Module) effect(c *fiber.Ctx, f draftForm) (view.Preview, error) {
	ctx := c.UserContext()
	f = f.named()
	doc, wrong := f.document()
	mistakes, err := m.Service.Diagnose(ctx, doc)
	if err != nil {
		return view.Preview{}, err
	}
	var problems []string
	for _, one := range mistakes {
		problems = append(problems, mistakeText(f, one))
	}
	for _, name := range []string{"starts", "ends", "from", "covers"} {
		if wrong[name] != "" {
			problems = append(problems, wrong[name])
		}
	}
	if len(problems) > 0 {
		return view.Preview{Problems: problems}, nil
	}
	in := EffectInput{Draft: doc, Month: monthQuery(c), Lines: sampleLines}
	if name := cmp.Or(f.Other, f.Customer); name != "" && name != everybody {
		customer, err := m.Service.Named(ctx, name)
		if f.Other != "" && errs.KindOf(err) == errs.NotFound {
			return view.Preview{Problems: []string{"Nobody is called «" + f.Other + "»: choose a customer of the list."}}, nil
		}
		if err != nil {
			return view.Preview{}, err
		}
		in.Customer = customer.ID
	} else if name == "" {
		if in.Customer, err = m.Service.biggest(ctx, doc); err != nil {
			return view.Preview{}, err
		}
	}
	started := time.Now() //nolint:forbidigo // shown to people, enters nothing
	e, err := m.Service.Effect(ctx, in)
	switch errs.KindOf(err) {
	case errs.Invalid, errs.FailedPrecondition:
		return view.Preview{Problems: reasons(err)}, nil
	}
	if err != nil {
		return view.Preview{}, err
	}
	p := presentEffect(e, everybodyText(e))
	p.Took = ui.FormatElapsed(time.Since(started)) //nolint:forbidigo // the same
	return p, nil
}

// mistakeText says a mistake with its rule and place.
func mistakeText(f draftForm, m rules.Mistake) string {
	if m.Rule < 0 {
		return m.Field + ": " + m.Message
	}
	where := "Rule " + strconv.Itoa(m.Rule+1) + ", " + orUnnamed(f.Rules[m.Rule].Name) + ", " + m.Field
	if m.Line > 0 {
		where += ", " + m.Position()
	}
	return where + ": " + m.Message
}

// reasons lists what an error says, a line each.
func reasons(err error) []string {
	if problems, ok := errors.AsType[Problems](err); ok {
		var out []string
		for _, p := range problems {
			out = append(out, p.String())
		}
		return out
	}
	text, _ := errs.Message(err)
	return []string{text}
}

func monthQuery(c *fiber.Ctx) period.Month {
	m, _ := period.ParseMonth(c.FormValue("month"))
	return m
}

// newContract is the form of a contract that is not there yet, or, with
// ?from=yaml, the form that takes one as code.
func (m *Module) newContract(c *fiber.Ctx) error {
	if c.Query("from") == "yaml" {
		return m.yamlForm(c, view.YAML{}, nil)
	}
	acting, err := m.Service.Acting(c.UserContext())
	if err != nil {
		return err
	}
	switch c.Query("find") {
	case "buyer":
		return m.findBuyer(c)
	case "customer":
		edge, err := m.Service.edgeTo(c.UserContext(), acting, c.Query("buyer"))
		if err != nil {
			return err
		}
		return m.findCustomer(c, edge)
	}
	f := m.Service.freshForm(acting)
	f.Buyer = c.Query("buyer")
	f.NoBuyerYet = f.Buyer == ""
	return m.editor(c, nil, f, nil)
}

// buyers lists whom a new contract may be made with, more than are offered
// where there are many, and whether it may be a base contract, which has no
// buyer.
func (m *Module) buyers(c *fiber.Ctx) ([]Party, bool, error) {
	list, err := m.Service.Buyers(c.UserContext(), "", ui.FewTenants+1)
	if err != nil {
		return nil, false, err
	}
	kind, err := m.Service.OwnKind(c.UserContext())
	return list, kind == rules.EdgeFirst, err
}

// findBuyer answers with those whom a new contract may be made with and whose
// names hold what was typed.
func (m *Module) findBuyer(c *fiber.Ctx) error {
	found, err := m.Service.Buyers(c.UserContext(), c.Query("buyer"), ui.FewTenants)
	if err != nil {
		return err
	}
	var options []ui.Option
	for _, p := range grouped(found) {
		text := p.Name
		if p.HasContract {
			text += ", with a contract this month"
		}
		options = append(options, ui.Option{Value: p.Slug, Text: text})
	}
	return web.Fragment(c, ui.Found(view.BuyersID, options))
}

func (m *Module) bindNew(c *fiber.Ctx) (draftForm, error) {
	acting, err := m.Service.Acting(c.UserContext())
	if err != nil {
		return draftForm{}, err
	}
	f, err := bindDraft(c.FormValue)
	f.Seen, f.Seller = Seen{}, acting.Slug
	if err != nil || f.Buyer == "" {
		return f, err
	}
	buyer, err := m.Service.Named(c.UserContext(), f.Buyer)
	if errs.KindOf(err) == errs.NotFound {
		return f, nil // the draft's problems say so
	}
	f.Buyer = buyer.Slug
	return f, err
}

func (m *Module) saveNew(c *fiber.Ctx) error {
	op := c.FormValue("op")
	if op == "yaml" {
		return m.readYAML(c)
	}
	f, err := m.bindNew(c)
	if err != nil {
		return err
	}
	if op != "save" {
		f.change(op)
		return m.editor(c, nil, f, nil)
	}
	doc, err := m.ready(c, f)
	if err != nil {
		return m.editor(c, nil, f, err)
	}
	applied, err := m.Service.Apply(c.UserContext(), doc)
	if err != nil {
		return m.editor(c, nil, f, err)
	}
	return m.saved(c, applied)
}

func (m *Module) checkNew(c *fiber.Ctx) error {
	f, err := m.bindNew(c)
	if err != nil {
		return err
	}
	return m.diagnose(c, f)
}

func (m *Module) previewNew(c *fiber.Ctx) error {
	f, err := m.bindNew(c)
	if err != nil {
		return err
	}
	return m.previewed(c, f)
}

// readYAML turns a contract file into a filled form.
func (m *Module) readYAML(c *fiber.Ctx) error {
	text, err := yamlText(c)
	if err != nil {
		return err
	}
	d, err := m.Service.CheckFile(c.UserContext(), "", []byte(text))
	if err != nil {
		return m.yamlForm(c, view.YAML{Text: text}, err)
	}
	acting, err := m.Service.Acting(c.UserContext())
	if err != nil {
		return err
	}
	if d.Seller != acting.Slug {
		return m.yamlForm(c, view.YAML{Text: text}, errs.Newf(errs.Invalid, "contracts.seller", "The seller of this contract is %q, and you act as %q.", d.Seller, acting.Slug))
	}
	f := formOf(d, Seen{})
	if err := f.fits(); err != nil {
		return m.yamlForm(c, view.YAML{Text: text}, err)
	}
	return m.editor(c, nil, f, nil)
}

// yamlText returns the uploaded file, else what was pasted.
func yamlText(c *fiber.Ctx) (string, error) {
	file, err := c.FormFile("file")
	if err != nil || file.Size == 0 {
		return lines(c.FormValue("yaml")), nil //nolint:nilerr // there is no file
	}
	f, err := file.Open()
	if err != nil {
		return "", fmt.Errorf("read the file: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return string(b), err
}

func (m *Module) yamlForm(c *fiber.Ctx, p view.YAML, wrong error) error {
	head := layout.Head{
		Title: "New contract from YAML", Narrow: true,
		Crumbs: []ui.Link{{Text: "Contracts", URL: routes.Contracts}, {Text: "New contract", URL: routes.ContractNew}, {Text: "From YAML"}},
	}
	if wrong == nil {
		return web.Page(c, head, view.FromFile(p))
	}
	p.Problem = ui.Problem{Message: "This is no contract yet."}
	p.Problems = reasons(wrong)
	return web.FormAgain(c, wrong, head, view.FromFile(p))
}
