package usage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/views/ui"
	view "tierbook/views/usage"
)

func (m *Module) imports(c *fiber.Ctx) error {
	ctx := c.UserContext()
	var f ImportFilter
	f.Before, _ = id.Parse[id.Import](c.Query("before"))
	page, err := m.Service.Imports(ctx, f)
	if err != nil {
		return err
	}
	p, err := m.presentImports(ctx, page, f.Before)
	if err != nil {
		return err
	}
	p.CanImport = web.Can(c, PermImport)
	return web.Page(c, head(c, routes.Imports), view.ImportList(p), web.Part{ID: view.ImportRowsID, View: view.ImportRows(p)})
}

func (m *Module) showImport(c *fiber.Ctx) error {
	ctx := c.UserContext()
	which, err := id.Parse[id.Import](c.Params("id"))
	if err != nil {
		return errNoImport
	}
	i, err := m.Service.GetImport(ctx, which)
	if err != nil {
		return err
	}
	p, err := m.presentImport(ctx, i)
	if err != nil {
		return err
	}
	p.CanImport = web.Can(c, PermImport)
	return web.Page(c, below("Import of "+i.Title(), "Imports", routes.Imports), view.ImportView(p))
}

func (m *Module) newImport(c *fiber.Ctx) error {
	if c.Query("find") != "" {
		return m.find(c, "owners", c.Query("owner"))
	}
	f, err := m.importForm(c.UserContext(), importInput{rerate: true})
	if err != nil {
		return err
	}
	return m.importPage(c, f, nil)
}

// importPage answers with the form, again where refused says why.
func (m *Module) importPage(c *fiber.Ctx, f view.ImportForm, refused error) error {
	h := below("Import usage", "Imports", routes.Imports)
	h.Narrow = true
	if refused != nil {
		return web.FormAgain(c, refused, h, view.NewImport(f))
	}
	return web.Page(c, h, view.NewImport(f))
}

// importInput is what the form says.
type importInput struct {
	owner, format, url string
	rerate             bool
	uploads            []Upload
}

// requestImport reads the form as a stream: files go to the object store as
// they come.
func (m *Module) requestImport(c *fiber.Ctx) error {
	// An upload takes as long as it takes; the server ends it when nothing
	// more comes.
	ctx := context.WithoutCancel(c.UserContext())
	in, err := m.bindImport(ctx, c)
	if err == nil {
		var i id.Import
		if i, err = m.request(ctx, in); err == nil {
			return web.SeeOther(c, routes.Import(i.String()))
		}
	}
	m.Service.DropUploads(ctx, in.uploads...)
	problem, ok := web.Problem(err)
	if !ok {
		return err
	}
	f, formErr := m.importForm(ctx, in)
	if formErr != nil {
		return formErr
	}
	f.Problem = problem
	return m.importPage(c, f, err)
}

func (m *Module) request(ctx context.Context, in importInput) (id.Import, error) {
	owner, err := m.tenantNamed(ctx, in.owner, "owner")
	if err != nil {
		return id.Import{}, err
	}
	return m.Service.RequestImport(ctx, RequestInput{
		Owner: owner.ID, URL: in.url, Uploads: in.uploads, Format: Format(in.format), Rerate: in.rerate,
	})
}

// maxFields bounds what fields of the form other than files may hold.
const maxFields = 64 << 10

var errBrokenUpload = errs.New(errs.Invalid, "usage.broken_upload", "The upload broke off. Try again.")

// bindImport reads the form. What was uploaded is in the input, also when an
// error comes with it.
func (m *Module) bindImport(ctx context.Context, c *fiber.Ctx) (in importInput, err error) {
	_, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || params["boundary"] == "" {
		return in, errNoFile
	}
	var body io.Reader
	if c.Request().IsBodyStream() {
		body = patient{c.Context().RequestBodyStream(), c.Context().Conn()}
	} else {
		body = bytes.NewReader(c.Body())
	}
	defer func() {
		if err != nil { // or the browser never reads why
			_, _ = io.Copy(io.Discard, io.LimitReader(body, maxDiscard))
		}
	}()
	form := multipart.NewReader(body, params["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		if err != nil {
			return in, errBrokenUpload
		}
		if err := m.bindPart(ctx, &in, part); err != nil {
			return in, err
		}
	}
}

// patience is how long nothing of an upload may come before it is given up.
const patience = time.Minute

// patient reads an upload for as long as something comes: the server's time
// limit is for requests that come at once.
type patient struct {
	r    io.Reader
	conn net.Conn
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(patience)); err != nil { //nolint:forbidigo // the network's clock, not ours
		return 0, err
	}
	return p.r.Read(b)
}

// maxDiscard is how much more of a refused upload is read.
const maxDiscard = 256 << 20

func (m *Module) bindPart(ctx context.Context, in *importInput, part *multipart.Part) error {
	if part.FormName() == "file" {
		if part.FileName() == "" {
			return nil // nothing was chosen
		}
		if len(in.uploads) == maxUploads {
			return errManyFiles
		}
		u, err := m.Service.Upload(ctx, part.FileName(), part, m.uploadBytes)
		if err != nil {
			if _, known := errs.Message(err); !known && errors.Is(err, io.ErrUnexpectedEOF) {
				err = errBrokenUpload
			}
			return err
		}
		in.uploads = append(in.uploads, u)
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(part, maxFields))
	if err != nil {
		return errBrokenUpload
	}
	value := strings.TrimSpace(string(text))
	switch part.FormName() {
	case "owner":
		in.owner = value
	case "format":
		in.format = value
	case "url":
		in.url = value
	case "rerate":
		in.rerate = true
	}
	return nil
}

func (m *Module) importForm(ctx context.Context, in importInput) (view.ImportForm, error) {
	sc, err := scope.From(ctx)
	if err != nil {
		return view.ImportForm{}, err
	}
	tenants, err := m.someTenants(ctx)
	if err != nil {
		return view.ImportForm{}, err
	}
	own, err := m.Service.tenants.Tenant(ctx, sc.Tenant)
	if err != nil {
		return view.ImportForm{}, err
	}
	f := view.ImportForm{
		Owner:    ui.ChooseTenant(tenantOptions(tenants), cmp.Or(in.owner, own.Slug), routes.With(routes.ImportNew, "find", "1")),
		HasOwner: len(tenants) > 1, HasURL: m.Service.HasSources(), URL: in.url, Rerate: in.rerate,
		Limit: ui.FormatBytes(m.uploadBytes),
	}
	for _, o := range []ui.Option{
		{Value: string(FormatAuto), Text: "Find out by itself"},
		{Value: string(FormatAWSCUR), Text: "AWS Cost and Usage Report (legacy)"},
		{Value: string(FormatFOCUS), Text: "FOCUS 1.0 to 1.3"},
	} {
		o.Selected = o.Value == in.format
		f.Formats = append(f.Formats, o)
	}
	return f, nil
}
