package usage

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/webtest"
	"tierbook/modules/usage/internal/usagetest"
	"tierbook/views/ui"
)

// site is a tree with its pages, under the shipped access policy.
type site struct {
	*bundle
	*webtest.Site
}

func newSite(t *testing.T) site {
	t.Helper()
	b := setup(t)
	b.authz = webtest.Authz(t)
	for _, sc := range []*scope.Scope{&b.north, &b.east, &b.harbour, &b.direct, &b.south, &b.far} {
		sc.Actor.Roles = []string{"operator"}
	}
	return site{b, webtest.New(t, b.db, b.module)}
}

// sent is the form of an upload as a browser sends it.
func sent(t *testing.T, fields map[string]string, files ...string) (contentType string, body io.Reader) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range files {
		part, err := w.CreateFormFile("file", filepath.Base(path))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &buf
}

func (s site) send(t *testing.T, who *webtest.Browser, header map[string]string, fields map[string]string, files ...string) *webtest.Answer {
	t.Helper()
	contentType, body := sent(t, fields, files...)
	return who.Do(t, http.MethodPost, routes.ImportNew, contentType, body, header)
}

// A real report goes up through the form and comes out as the command line
// imports it.
func TestPages_Upload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.startWorker(t)
	path := usagetest.Data(t, "aws-cur-legacy/workshop-2018-11.csv.gz")
	admin := s.As(s.north, "admin")
	form := admin.Get(t, routes.ImportNew).Is(t, http.StatusOK)
	form.Has(t, "form[enctype='multipart/form-data'][hx-encoding='multipart/form-data'] input[type=file][multiple]")
	form.Has(t, "form[data-upload] progress")
	form.Has(t, "[data-drop] input[type=file]")

	answer := s.send(t, admin, nil, map[string]string{"owner": "north", "format": "auto", "rerate": "yes"}, path).Is(t, http.StatusSeeOther)
	page := answer.Header.Get("Location")
	which, err := id.Parse[id.Import](strings.TrimPrefix(page, routes.Imports+"/"))
	if err != nil {
		t.Fatal(err)
	}
	if open := admin.Get(t, page).Is(t, http.StatusOK); len(open.All(t, "#import[hx-get][hx-trigger='every 1s']")) == 0 && s.get(t, s.north, which).State.IsOpen() {
		t.Errorf("a running import does not ask for its next state:\n%s", open.Body)
	}
	got := s.wait(t, s.north, which)
	if got.State != ImportComplete || got.RowsStored != 124340 {
		t.Fatalf("%s %s: %d rows", got.State, got.Error, got.RowsStored)
	}
	if diff := cmp.Diff([]string{"north aws 836060457634 USD 124340 3505.3269681268"}, s.billed(t, "2018-11")); diff != "" {
		t.Error(diff)
	}
	done := admin.Get(t, page).Is(t, http.StatusOK)
	done.Lacks(t, "#import[hx-get]")
	done.Has(t, "main h2")
	if text := done.Has(t, "#import table tbody tr"); !strings.Contains(text, "836060457634") || !strings.Contains(text, "New") {
		t.Errorf("deliveries: %q", text)
	}
	admin.Part(t, page, "import").Is(t, http.StatusOK).Lacks(t, "main")
	list := admin.Get(t, routes.Deliveries).Is(t, http.StatusOK)
	if row := list.Has(t, "#deliveries tr"); !strings.Contains(row, "836060457634 2018-11 aws Current") || !strings.Contains(row, "3 505.33") {
		t.Errorf("row %q", row)
	}
}

func TestPages_Upload_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.module.uploadBytes = 1 << 20
	admin := s.As(s.north, "admin")
	good := file(t, "cur.csv", new(cur).line("111", "2026-03", "2026-03-01", "2026-03-02", "1").text())
	for name, tt := range map[string]struct {
		fields map[string]string
		files  []string
		field  string
		want   string
	}{
		"nothing":    {map[string]string{"owner": "north"}, nil, "file", "Choose a file."},
		"wrong name": {map[string]string{"owner": "north"}, []string{good, file(t, "x.docx", "x")}, "file", "x.docx is not a CSV"},
		"too large":  {map[string]string{"owner": "north"}, []string{file(t, "large.csv", strings.Repeat("x", 3<<20))}, "file", "large.csv is larger than 1 MB"},
		"owner":      {map[string]string{"owner": "far"}, []string{good}, "owner", "Nobody is called that."},
		"format":     {map[string]string{"owner": "north", "format": "xml"}, []string{good}, "format", "xml"},
		"url":        {map[string]string{"owner": "north", "url": "file:///etc/passwd"}, nil, "", "not in a directory"},
	} {
		for _, header := range []map[string]string{nil, {"HX-Request": "true"}} {
			a := s.send(t, admin, header, tt.fields, tt.files...).Is(t, http.StatusUnprocessableEntity)
			if text := a.Has(t, ".tb-errors"); !strings.Contains(text, tt.want) {
				t.Errorf("%s: %q", name, text)
			}
			if tt.field != "" {
				a.Has(t, "[name="+tt.field+"][aria-invalid]")
			}
			if header == nil {
				a.Has(t, "main #import-form")
			} else {
				a.Lacks(t, "main")
			}
		}
	}
	a := admin.Do(t, http.MethodPost, routes.ImportNew, "application/x-www-form-urlencoded", strings.NewReader("owner=north"), nil)
	a.Is(t, http.StatusUnprocessableEntity)
	s.waitGone(t, uploads)
}

func TestPages_Upload_HasLimits(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.As(s.north, "admin")
	many := make([]string, maxUploads+1)
	for i := range many {
		many[i] = strconv.Itoa(i) + ".csv"
	}
	for want, names := range map[string][]string{
		"Has a name of more than 255 bytes.": {strings.Repeat("x", 252) + ".csv"},
		"at most 1000 files":                 many,
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, name := range names {
			part, err := w.CreateFormFile("file", name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(part, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		a := admin.Do(t, http.MethodPost, routes.ImportNew, w.FormDataContentType(), &body, nil).Is(t, http.StatusUnprocessableEntity)
		if text := a.Has(t, ".tb-errors"); !strings.Contains(text, want) || len(text) > 500 {
			t.Errorf("%d files: %q, want %q", len(names), text, want)
		}
	}
	s.waitGone(t, uploads)
}

func TestPages_Deliveries(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.As(s.north, "admin")
	admin.Get(t, routes.Deliveries).Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/usage/imports/new']")
	s.march(t)
	list := admin.Get(t, routes.Deliveries+"?state=current&month=2026-03").Is(t, http.StatusOK)
	list.Has(t, "nav.tb-tabs a[aria-current='page'][href='/usage']")
	if n := len(list.All(t, "#deliveries tr")); n != 1 {
		t.Errorf("%d rows", n)
	}
	list.Has(t, ".tb-chip a[href='/usage?state=current']")
	list.Has(t, ".tb-chip a[href='/usage?month=2026-03']")
	if foot := list.Has(t, "tfoot"); !strings.Contains(foot, "35.50") {
		t.Errorf("foot %q", foot)
	}
	link := list.Attr(t, "#deliveries td a", "href")
	page := admin.Get(t, link).Is(t, http.StatusOK)
	if text := page.Has(t, ".table tbody tr"); text != "Billed 5.50 USD 30.00 USD 35.50 USD" {
		t.Errorf("the change in money comes first: %q", text)
	}
	page.Has(t, ".tb-callout.warn")
	page.Has(t, "form[action='"+link+"/withdraw'][hx-post='"+link+"/withdraw'] textarea[name=reason]")
	admin.Get(t, routes.Deliveries+"?text=nothing").Is(t, http.StatusOK).Has(t, ".tb-empty a[href='/usage']")

	admin.Post(t, link+"/withdraw", url.Values{"reason": {" "}}).Is(t, http.StatusUnprocessableEntity).Has(t, "main #withdraw[open] .tb-errors")
	again := admin.PostPart(t, link+"/withdraw", "withdraw", url.Values{}).Is(t, http.StatusUnprocessableEntity)
	again.Lacks(t, "main")
	again.Has(t, "#withdraw [aria-invalid]")
	admin.Post(t, link+"/withdraw", url.Values{"reason": {"wrong owner"}}).Is(t, http.StatusSeeOther)
	gone := admin.Get(t, link).Is(t, http.StatusOK)
	gone.Lacks(t, "#withdraw")
	if text := gone.Has(t, ".tb-callout"); !strings.Contains(text, "wrong owner") {
		t.Errorf("%q", text)
	}
	admin.Post(t, link+"/withdraw", url.Values{"reason": {"again"}}).Is(t, http.StatusConflict)
}

func TestPages_Accounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.march(t)
	s.mustGive(t, "111", s.direct, "2026-02", "2026-02")
	admin := s.As(s.north, "admin")
	page := admin.Get(t, routes.Accounts).Is(t, http.StatusOK)
	page.Has(t, ".tb-callout.warn a[href='/usage/accounts?unassigned=1']")
	open := admin.Get(t, routes.Accounts+"?unassigned=1").Is(t, http.StatusOK)
	if n := len(open.All(t, "#accounts tr")); n != 2 {
		t.Fatalf("%d unassigned", n)
	}
	open.Has(t, "#accounts tr form[method=post][action='/usage/accounts/assign'][hx-target='closest tr'] select[name=assignee]")
	open.Has(t, "#accounts input[type=checkbox][name=account][form='assign-many']")
	if from := open.Attr(t, "#accounts tr form input[name=from]", "value"); from != "2026-03" {
		t.Errorf("the first open month is offered, not %q", from)
	}
	account := open.Attr(t, "#accounts tr form input[name=account]", "value")

	form := url.Values{"account": {account}, "assignee": {"harbour"}, "from": {"2026-03"}, "back": {"unassigned=1"}}
	row := admin.PostPart(t, routes.Assign, "account-"+account, form).Is(t, http.StatusOK)
	if text := row.Has(t, "tr#account-"+account+".new"); !strings.Contains(text, "HARBOUR from 2026-03") {
		t.Errorf("row %q", text)
	}
	row.Lacks(t, "tr form")
	if toast := row.Header.Get("HX-Trigger"); !strings.Contains(toast, "1 month is being rated again") {
		t.Errorf("toast %q", toast)
	}
	edit := admin.Part(t, routes.Accounts+"?edit="+account, "").Is(t, http.StatusOK)
	edit.Has(t, "tr#account-"+account+" form")

	for name, change := range map[string]url.Values{
		"assignee": {"assignee": {"nobody at all"}}, "from": {"from": {"soon"}},
	} {
		bad := url.Values{"account": {account}, "assignee": {"direct"}, "from": {"2026-05"}}
		for k, v := range change {
			bad[k] = v
		}
		again := admin.PostPart(t, routes.Assign, "account-"+account, bad).Is(t, http.StatusUnprocessableEntity)
		again.Has(t, "tr form .tb-errors li")
		if name == "assignee" {
			again.Has(t, "tr form select[aria-invalid]")
		}
		admin.Post(t, routes.Assign, bad).Is(t, http.StatusUnprocessableEntity).Has(t, "main .tb-errors")
	}

	// Several at once, and without script.
	rest := admin.Get(t, routes.Accounts).Is(t, http.StatusOK)
	var all []string
	for _, x := range []string{"111", "112", "113"} {
		all = append(all, rest.Attr(t, "input[aria-label='Choose account "+x+"']", "value"))
	}
	done := admin.Post(t, routes.Assign, url.Values{"account": all, "assignee": {"direct"}, "from": {"2026-04"}, "back": {"text=11&edit=x"}}).Is(t, http.StatusSeeOther)
	if to := done.Header.Get("Location"); to != "/usage/accounts?text=11" {
		t.Errorf("goes on to %s", to)
	}
	admin.Post(t, routes.Assign, url.Values{"assignee": {"direct"}, "from": {"2026-04"}}).Is(t, http.StatusUnprocessableEntity)
	admin.Get(t, routes.Accounts+"?assignee=harbour").Is(t, http.StatusOK).Has(t, "tr#account-"+account)
	if hits := admin.Get(t, routes.Accounts+"?text=nothing").Is(t, http.StatusOK).All(t, "#accounts tr"); len(hits) > 0 {
		t.Errorf("%q", hits)
	}
	found := admin.Part(t, routes.Accounts+"?find=1&assignee=HARB", "assignees").Is(t, http.StatusOK)
	if got := found.Attr(t, "datalist#assignees option", "value"); got != "harbour" {
		t.Errorf("found %q", got)
	}
}

func TestPages_Quarantine(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	admin := s.As(s.north, "admin")
	admin.Get(t, routes.Quarantine).Is(t, http.StatusOK).Has(t, ".tb-empty")
	s.march(t)
	page := admin.Get(t, routes.Quarantine).Is(t, http.StatusOK)
	if text := page.Has(t, ".table tbody tr"); !strings.Contains(text, "again.csv 3 lineItem/UnblendedCost unreadable") {
		t.Errorf("row %q", text)
	}
	page.Has(t, "form#quarantine select[name=acknowledge] option[value='2026-03']")
	admin.Post(t, routes.Quarantine, url.Values{"acknowledge": {"2026-03"}}).Is(t, http.StatusUnprocessableEntity).Has(t, "[name=reason][aria-invalid]")
	admin.Post(t, routes.Quarantine, url.Values{"reason": {"x"}}).Is(t, http.StatusUnprocessableEntity).Has(t, "[name=acknowledge][aria-invalid]")
	admin.Post(t, routes.Quarantine, url.Values{"acknowledge": {"2026-03"}, "reason": {"a test row"}}).Is(t, http.StatusSeeOther)
	admin.Get(t, routes.Quarantine).Is(t, http.StatusOK).Has(t, ".tb-empty")
	noted := admin.Get(t, routes.Quarantine+"?all=1").Is(t, http.StatusOK)
	if text := noted.Has(t, ".table tbody tr"); !strings.Contains(text, "a test row") {
		t.Errorf("row %q", text)
	}
}

// Each tier sees what it may, and a foreign id is answered as an unknown one.
func TestPages_Tiers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.march(t)
	s.mustGive(t, "111", s.harbour, "2026-03")
	_, page := s.listed(t, s.north, DeliveryFilter{})
	delivery, imported := routes.Delivery(page.Deliveries[0].ID), routes.Import(page.Deliveries[0].Import.String())
	unknown := []string{routes.Delivery(id.New[id.Delivery]()), routes.Import(id.New[id.Import]().String()), routes.Imports + "/x"}
	body := func(a *webtest.Answer) string { return strings.Join(strings.Fields(a.Has(t, "body")), " ") }
	for _, who := range []*webtest.Browser{s.As(s.east, "admin"), s.As(s.south, "admin")} {
		for i, foreign := range []string{delivery, imported} {
			got, want := who.Get(t, foreign).Is(t, http.StatusNotFound), who.Get(t, unknown[i]).Is(t, http.StatusNotFound)
			if body(got) != body(want) {
				t.Errorf("%s: %q, an unknown one %q", foreign, body(got), body(want))
			}
		}
		who.Get(t, unknown[2]).Is(t, http.StatusNotFound)
		who.Post(t, delivery+"/withdraw", url.Values{"reason": {"x"}}).Is(t, http.StatusNotFound)
		who.Get(t, routes.Deliveries).Is(t, http.StatusOK).Lacks(t, "table")
		who.Get(t, routes.Imports).Is(t, http.StatusOK).Lacks(t, "table")
		who.Get(t, routes.Quarantine).Is(t, http.StatusOK).Lacks(t, "table")
	}
	reseller := s.As(s.east, "admin").Get(t, routes.Accounts).Is(t, http.StatusOK)
	if text := reseller.Has(t, "#accounts tr"); !strings.Contains(text, "111") || !strings.Contains(text, "HARBOUR from 2026-03") {
		t.Errorf("row %q", text)
	}
	reseller.Lacks(t, "#accounts form")
	reseller.Lacks(t, ".tb-amount")
	reseller.Lacks(t, "input[type=checkbox]")
	for role, may := range map[string]bool{"admin": true, "finance": true, "support": false, "readonly": false, "sales": false} {
		a := s.As(s.north, role).Get(t, routes.Deliveries).Is(t, http.StatusOK)
		if got := len(a.All(t, "a[href='/usage/imports/new']")) > 0; got != may {
			t.Errorf("%s may import: %v", role, got)
		}
		want := http.StatusForbidden
		if may {
			want = http.StatusOK
		}
		s.As(s.north, role).Get(t, routes.ImportNew).Is(t, want)
	}
	customer := s.As(s.harbour, "admin")
	for _, path := range []string{routes.Deliveries, routes.Imports, routes.Accounts, routes.Quarantine, routes.ImportNew, delivery, imported} {
		customer.Get(t, path).Is(t, http.StatusNotFound)
	}
	s.Nobody().Get(t, routes.Deliveries).Is(t, http.StatusSeeOther)
}

// Among many tenants one searches; a choice of thousands would be no choice.
func TestPages_Accounts_ManyTenants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.march(t)
	for i := range ui.FewTenants {
		slug := fmt.Sprintf("customer-%d", i)
		other := id.New[id.Tenant]()
		s.tenants[other] = tenantFake{Tenant: Tenant{ID: other, Slug: slug, Name: strings.ToUpper(slug), Tree: s.north.Tenant, Tier: scope.Customer}, parent: s.north.Tenant}
	}
	admin := s.As(s.north, "admin")
	for page, list := range map[string]string{routes.Accounts + "?unassigned=1": "assignees", routes.ImportNew: "owners"} {
		a := admin.Get(t, page).Is(t, http.StatusOK)
		a.Has(t, "datalist#"+list)
		a.Has(t, "input[list="+list+"][hx-get$='?find=1'][hx-target='#"+list+"']")
		a.Lacks(t, "option[value='customer-1']")
	}
	account := admin.Get(t, routes.Accounts+"?unassigned=1").Attr(t, "#accounts input[type=hidden][name=account]", "value")
	form := url.Values{"account": {account}, "assignee": {"Harbour"}, "from": {"2026-03"}} // its name, typed
	admin.PostPart(t, routes.Assign, "account-"+account, form).Is(t, http.StatusOK).Has(t, "tr.new")
}
