package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/valyala/fasthttp/fasthttputil"

	"tierbook/app"
	"tierbook/app/demo"
	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
	"tierbook/bench"
	"tierbook/configs"
	"tierbook/modules/contracts"
	"tierbook/modules/tenancy"
)

// pagesOptions are the flags of «bench pages».
type pagesOptions struct {
	tenants, charges, requests int
	demo                       bool
	in                         string   // where the books are kept; "": nowhere
	only                       []string // addresses begin with one of these; none: any
}

func (o pagesOptions) limit() time.Duration {
	if o.demo {
		return 50 * time.Millisecond
	}
	return 100 * time.Millisecond
}

func (e *env) benchPages() *cobra.Command {
	var o pagesOptions
	cmd := &cobra.Command{
		Use:   "pages",
		Short: "Asks every page, over books that it makes itself",
		Long: "Asks every page as a distributor's admin, a reseller's finance user and a customer, over synthetic books or the demo,\n" +
			"and prints what it takes beside what its statements take in PostgreSQL. Times are milliseconds; «!» marks p95 over the limit.\n" +
			"A file that is downloaded may take longer: its limit is that of the first byte.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.tenants < 100 || o.charges < 1 || o.requests < 1 {
				return usageError{errors.New("--tenants begins at 100, --charges and --requests at 1")}
			}
			return e.inBenchDir(o.in, func(dir string) error { return e.pagesIn(cmd.Context(), dir, o) })
		},
	}
	cmd.Flags().IntVar(&o.tenants, "tenants", 10_000, "tenants of the synthetic books, at least 100")
	cmd.Flags().IntVar(&o.charges, "charges", 1_000_000, "line charges of the synthetic books, about")
	cmd.Flags().IntVar(&o.requests, "requests", 30, "requests of each page")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "the demo instead of synthetic books")
	cmd.Flags().StringVar(&o.in, "in", "", "keep the books in this directory, and measure again those that are there (default: throw them away)")
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "measure only pages whose address begins so, such as /usage; may be given again")
	return cmd
}

// inBenchDir calls do with dir, or with a directory that is removed afterwards.
func (e *env) inBenchDir(dir string, do func(dir string) error) error {
	if dir != "" {
		return do(dir)
	}
	dir, err := os.MkdirTemp("", "tierbook-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// PostgreSQL's user has to pass through, or its files would be put
	// elsewhere and stay.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // what is secret below is 0600
		return err
	}
	return do(dir)
}

// pagesIn fills dir, unless it is, and measures. Whatever is configured, the
// database and the objects are those of dir.
func (e *env) pagesIn(ctx context.Context, dir string, o pagesOptions) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	cfg.DataDir, cfg.Database.Owner, cfg.Database.Web, cfg.Database.Work = dir, "", "", ""
	cfg.Objects.URL, cfg.Log.Level = configs.Secret(""), "error"
	var statements bench.Statements
	ctx = db.Watch(ctx, func(s db.Statement) { statements.Add(s.SQL, s.Took) })
	return e.open(ctx, cfg, func(ctx context.Context, a *app.App) error {
		filled := stopwatch()
		if err := o.fill(ctx, a); err != nil {
			return err
		}
		fmt.Fprintf(e.err, "books are there after %.0f s\n", filled().Seconds())
		users, err := o.users(ctx, a)
		if err != nil {
			return err
		}
		ask, stop := inMemory(a)
		defer stop()
		r, err := bench.Pages(ctx, bench.PagesOptions{
			Ask: ask, Routes: o.routes(a), Users: users, Statements: &statements, Requests: o.requests, Limit: o.limit(), Only: o.only,
			Done: func(p bench.PageResult) { fmt.Fprintf(e.err, "\r%-40s %-60s", p.User, p.Path) },
		})
		fmt.Fprintln(e.err)
		if err != nil {
			return err
		}
		return e.print(r, func(w io.Writer) { printPages(w, r) })
	})
}

// inMemory serves a without a network and returns how to ask it, and how to end
// that.
func inMemory(a *app.App) (ask func(*http.Request) (*http.Response, error), stop func()) {
	listener := fasthttputil.NewInmemoryListener()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = a.Handler().Listener(listener) // it ends when the listener closes
	}()
	client := &http.Transport{
		DisableCompression: true, // asked for where it is wanted
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return listener.Dial() },
	}
	return client.RoundTrip, func() {
		client.CloseIdleConnections()
		_ = listener.Close()
		<-served
	}
}

func stopwatch() func() time.Duration {
	began := now()
	return func() time.Duration { return now().Sub(began) }
}

// routes are those that people open. The steps of a price are made from usage
// lines, of which synthetic books have none.
func (o pagesOptions) routes(a *app.App) []string {
	none := []string{"/healthz", "/readyz", routes.Gallery}
	var out []string
	for _, r := range a.Routes() {
		if r.Method == http.MethodGet && !strings.HasSuffix(r.Path, "*") && !slices.Contains(none, r.Path) {
			out = append(out, r.Path)
		}
	}
	return out
}

// fill makes the books, unless there are some.
func (o pagesOptions) fill(ctx context.Context, a *app.App) error {
	if o.demo {
		_, err := a.Demo(ctx, demo.Options{Now: period.MonthOf(now())}, demo.Silent{})
		return err
	}
	trees, err := a.Tenancy.Trees(ctx)
	if err != nil || len(trees) > 0 {
		return err
	}
	last := period.MonthOf(now()).Add(-1)
	return bench.Books(ctx, a.OwnerURL(), bench.BooksOptions{Tenants: o.tenants, Charges: o.charges, Last: last}, func(customer string) error {
		tree, err := a.Tenancy.Resolve(ctx, bench.BooksDistributor)
		if err != nil {
			return err
		}
		ctx := scope.With(ctx, tree.System(actor()))
		if err := agree(ctx, a, bench.BooksDistributor, bench.BooksReseller, "list", last.Add(-11)); err != nil {
			return err
		}
		return agree(ctx, a, bench.BooksReseller, customer, "cost", last.Add(-11))
	})
}

// agree makes a contract such as people have.
func agree(ctx context.Context, a *app.App, seller, buyer, basis string, from period.Month) error {
	doc, err := contracts.Parse("bench.yaml", fmt.Appendf(nil, `
seller: %s
buyer: %s
name: Agreement with %s
starts: %s
currency: USD
basis: %s
rules:
  - {name: Support, stage: exclude, when: service startsWith "AWS Support"}
  - {name: Marketplace, stage: price, when: marketplace, then: cost * 1.02, label: Marketplace}
  - {name: European compute, stage: price, when: category == "Compute" and region startsWith "eu-", then: cost * 1.04}
  - {name: Everything else, stage: price, then: cost * 1.05}
  - {name: Management, stage: fee, then: "percent(spend, 3)"}
`, seller, buyer, buyer, from, basis))
	if err != nil {
		return err
	}
	_, err = a.Contracts.Apply(ctx, doc)
	return err
}

// users makes one user per tier, new each time because nobody knows the
// passwords of earlier ones, and signs them in.
func (o pagesOptions) users(ctx context.Context, a *app.App) ([]bench.PageUser, error) {
	slugs := [3]string{bench.BooksDistributor, bench.BooksReseller, bench.BooksCustomer(o.tenants)}
	if o.demo {
		for i, t := range []scope.Tier{scope.Distributor, scope.Reseller, scope.Customer} {
			for _, x := range demo.Tenants() {
				if x.Tier == t && len(x.Slug) > 0 {
					slugs[i] = x.Slug
					break
				}
			}
		}
	}
	last := period.MonthOf(now()).Add(-1)
	all := []string{
		routes.With(routes.Search, "q", slugs[2]), routes.With(routes.Invoices, "month", "all"),
		routes.With(routes.Invoices, "month", "all", "q", slugs[2]),
		routes.Invoice(last, slugs[0], slugs[1]), routes.Invoice(last, slugs[1], slugs[2]),
		routes.With(routes.Invoices, "month", "all", "status", "blocked"), routes.With(routes.Home, "by", "buyer"),
		routes.Customer(slugs[1]), routes.With(routes.Accounts, "unassigned", "1"), routes.With(routes.Customers, "q", slugs[2]),
		routes.With(routes.Customers, "status", "success"), routes.With(routes.Customers, "status", "failed"), routes.With(routes.Customers, "status", "none"),
	}
	// Synthetic books have no usage lines, from which the steps of a price are
	// made: those of a fee need none.
	steps := func(i int) string {
		return routes.With(routes.Why, "month", last.String(), "seller", slugs[i], "buyer", slugs[i+1], "fee", "1")
	}
	all = append(all, steps(0), steps(1))
	also := [3][]string{all, all, {routes.Invoice(last, slugs[1], slugs[2]), steps(1)}}
	var out []bench.PageUser
	for i, role := range []string{"admin", "finance", "readonly"} {
		t, err := a.Tenancy.Resolve(ctx, slugs[0]+"/"+slugs[i])
		if i == 0 {
			t, err = a.Tenancy.Resolve(ctx, slugs[0])
		}
		if err != nil {
			return nil, err
		}
		cookie, err := signInNew(scope.With(ctx, scope.System(t.Tree, t.Tree, scope.Distributor, actor())), a, t, role)
		if err != nil {
			return nil, err
		}
		out = append(out, bench.PageUser{Name: t.Tier.String() + " " + role, Cookie: cookie, Also: also[i]})
	}
	return out, nil
}

// signInNew makes a user of a tenant and opens a session.
func signInNew(ctx context.Context, a *app.App, t tenancy.Tenant, role string) (*http.Cookie, error) {
	email, password := strings.ToLower(rand.Text())+"@example.com", rand.Text()
	_, err := a.Tenancy.CreateUser(ctx, tenancy.CreateUserInput{Tenant: t.ID, Email: email, Name: "Bench " + role, Password: password, Roles: []string{role}})
	if err != nil {
		return nil, err
	}
	_, token, err := a.Tenancy.SignIn(ctx, tenancy.SignInInput{Email: email, Password: password, UserAgent: filepath.Base(os.Args[0])})
	return &http.Cookie{Name: "tierbook", Value: token}, err
}

func printPages(w io.Writer, r bench.PagesResult) {
	fmt.Fprintf(w, "%d requests of each page; limit of p95: %.0f ms\n", r.Requests, r.LimitMS)
	user := ""
	for _, p := range r.Pages {
		if p.User != user {
			user = p.User
			fmt.Fprintf(w, "\n%-58s %7s %7s %7s %7s %9s %8s\n", user, "p50", "p95", "max", "SQL", "statements", "KB")
		}
		mark := ""
		if p.IsOver {
			mark = fmt.Sprintf(" ! %.1f ms: %s", p.Slowest, short(p.SlowestText))
		}
		if p.IsFile {
			mark = fmt.Sprintf(" first byte %.1f ms", p.First) + mark
		}
		if p.Status != http.StatusOK {
			mark += fmt.Sprintf(" ! status %d", p.Status)
		}
		fmt.Fprintf(w, "%-58s %7.1f %7.1f %7.1f %7.1f %9d %8.1f%s\n", p.Path, p.P50, p.P95, p.Max, p.SQL, p.Statements, float64(p.Bytes)/1000, mark)
	}
	if len(r.Unreached) > 0 {
		fmt.Fprintf(w, "\nno link leads to %s\n", strings.Join(r.Unreached, ", "))
	}
	fmt.Fprintf(w, "\n%d of %d pages over the limit\n", r.Over(), len(r.Pages))
}

// short writes a statement on one line, and not all of a long one.
func short(sql string) string {
	line := strings.Join(strings.Fields(sql), " ")
	if len(line) > 120 {
		line = line[:120] + "…"
	}
	return line
}
