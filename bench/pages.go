package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// PageUser is somebody who looks at pages.
type PageUser struct {
	Name   string       // in the report: «distributor admin»
	Cookie *http.Cookie // of an open session
	Also   []string     // addresses to ask beside those that links lead to
}

// PagesOptions say which pages are asked, how, and how often.
type PagesOptions struct {
	Ask        func(*http.Request) (*http.Response, error) // answers, and returns when the body begins to come
	Routes     []string                                    // patterns of the GET routes to ask, with :names for what varies
	Users      []PageUser
	Statements *Statements      // told of every statement behind Ask
	Requests   int              // of each page, after two to warm up; 0: 30
	Limit      time.Duration    // of p95; of a file, until it begins to come
	Only       []string         // measures only pages whose address begins with one of these; none: all
	Done       func(PageResult) // called after each page; nil: nobody is told
}

// PageResult is what was found of one page as one user sees it. Times are
// milliseconds.
type PageResult struct {
	User        string  `json:"user"`
	Route       string  `json:"route"`
	Path        string  `json:"path"`
	Status      int     `json:"status"`
	Bytes       int     `json:"bytes"`      // of the page
	SentBytes   int     `json:"sent_bytes"` // of its body as it is sent, compressed
	P50         float64 `json:"p50_ms"`
	P95         float64 `json:"p95_ms"`
	Max         float64 `json:"max_ms"`
	First       float64 `json:"first_ms"`     // p95 until the first byte of the body
	Statements  int     `json:"statements"`   // round trips to PostgreSQL, transactions included
	SQL         float64 `json:"sql_ms"`       // what they took together, median over the requests
	Slowest     float64 `json:"slowest_ms"`   // of these, in one of the requests
	SlowestText string  `json:"slowest_text"` // with placeholders
	IsFile      bool    `json:"is_file"`      // downloaded: the limit is that of the first byte
	IsOver      bool    `json:"is_over"`      // p95 is above the limit, or the page failed
}

// PagesResult is what a bench of pages found.
type PagesResult struct {
	Requests  int          `json:"requests"` // of each page
	LimitMS   float64      `json:"limit_ms"`
	Pages     []PageResult `json:"pages"`
	Unreached []string     `json:"unreached"` // routes that no link leads any of the users to
}

// Over returns how many pages are slower than the limit or failed.
func (r PagesResult) Over() int {
	n := 0
	for _, p := range r.Pages {
		if p.IsOver {
			n++
		}
	}
	return n
}

// Pages asks, as each user, every page that links lead to: one of each route,
// found as people find it, and those that the user asks for besides.
func Pages(ctx context.Context, opts PagesOptions) (PagesResult, error) {
	opts.Requests = cmp.Or(opts.Requests, 30)
	r := PagesResult{Requests: opts.Requests, LimitMS: ms(opts.Limit)}
	seen := map[string]bool{}
	for _, u := range opts.Users {
		b := pagesBench{opts: opts, user: u, patterns: patterns(opts.Routes)}
		pages, err := b.explore(ctx)
		if err != nil {
			return r, fmt.Errorf("bench pages of %s: %w", u.Name, err)
		}
		for _, p := range pages {
			seen[p.Route] = true
			if !opts.wants(p.Path) {
				continue
			}
			if p, err = b.measure(ctx, p); err != nil {
				return r, fmt.Errorf("bench %s as %s: %w", p.Path, u.Name, err)
			}
			r.Pages = append(r.Pages, p)
			if opts.Done != nil {
				opts.Done(p)
			}
		}
	}
	for _, route := range opts.Routes {
		if !seen[route] {
			r.Unreached = append(r.Unreached, route)
		}
	}
	return r, nil
}

func (o PagesOptions) wants(path string) bool {
	return len(o.Only) == 0 || slices.ContainsFunc(o.Only, func(start string) bool { return strings.HasPrefix(path, start) })
}

// pagesBench is the bench of one user.
type pagesBench struct {
	opts     PagesOptions
	user     PageUser
	patterns []pattern
}

type pattern struct {
	route string
	match *regexp.Regexp
}

var routeName = regexp.MustCompile(`:[a-z]+`)

// patterns makes expressions of routes; the first that fits an address is its
// route.
func patterns(routes []string) []pattern {
	out := make([]pattern, len(routes))
	for i, route := range routes {
		out[i] = pattern{route, regexp.MustCompile("^" + routeName.ReplaceAllString(strings.ReplaceAll(route, ".", `\.`), "[^/]+") + "$")}
	}
	// Fixed addresses come before those with something that varies.
	slices.SortStableFunc(out, func(a, b pattern) int { return strings.Count(a.route, ":") - strings.Count(b.route, ":") })
	slices.SortStableFunc(out, func(a, b pattern) int {
		return cmp.Compare(strings.Count(b.route, "."), strings.Count(a.route, "."))
	})
	return out
}

// routeOf returns the route of an address, empty if there is none.
func (b *pagesBench) routeOf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	for _, p := range b.patterns {
		if p.match.MatchString(path) {
			return p.route
		}
	}
	return ""
}

// maxTries is how many links to one route are tried until one answers.
const maxTries = 3

// explore follows links from the pages without parameters until they lead to no
// new route.
func (b *pagesBench) explore(ctx context.Context) ([]PageResult, error) {
	var queue []string
	for _, route := range b.opts.Routes {
		if !strings.ContainsAny(route, ":*") {
			queue = append(queue, route)
		}
	}
	queue = append(queue, b.user.Also...)
	var out []PageResult
	known, tried, asked := map[string]bool{}, map[string]int{}, map[string]bool{}
	for i := 0; i < len(queue); i++ {
		address := queue[i]
		isExtra := slices.Contains(b.user.Also, address) && !asked[address]
		route := b.routeOf(address)
		if route == "" || !isExtra && (known[route] || tried[route] == maxTries) {
			continue
		}
		tried[route]++
		asked[address] = true
		a, err := b.ask(ctx, address, false)
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusOK && a.status < http.StatusInternalServerError {
			continue // not for this user, or only a way to another page
		}
		known[route] = true
		out = append(out, PageResult{User: b.user.Name, Route: route, Path: address, Status: a.status, Bytes: len(a.body)})
		queue = append(queue, links(address, a.body)...)
	}
	return out, nil
}

var link = regexp.MustCompile(`(?:href|hx-get)="([^"#]+)"`)

// links returns the local addresses that a page leads to.
func links(from string, body []byte) []string {
	base, err := url.Parse(from)
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range link.FindAllSubmatch(body, -1) {
		to, err := base.Parse(strings.ReplaceAll(string(m[1]), "&amp;", "&"))
		if err == nil && to.Host == "" && strings.HasPrefix(to.Path, "/") {
			out = append(out, to.RequestURI())
		}
	}
	return out
}

type answer struct {
	status int
	isFile bool
	body   []byte
	first  time.Duration // until the first byte of the body, or its end
	took   time.Duration
}

// ask asks for a page, compressed as browsers do or plain.
func (b *pagesBench) ask(ctx context.Context, address string, compressed bool) (answer, error) {
	if err := ctx.Err(); err != nil { // Ask may not look
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+address, http.NoBody)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "text/html,*/*;q=0.8")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if compressed {
		req.Header.Set("Accept-Encoding", "gzip, br")
	}
	req.AddCookie(b.user.Cookie)
	elapsed := stopwatch()
	resp, err := b.opts.Ask(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, isFile: strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment")}
	var body bytes.Buffer
	_, err = io.CopyN(&body, resp.Body, 1)
	a.first = elapsed()
	if err == nil {
		_, err = io.Copy(&body, resp.Body)
	}
	if errors.Is(err, io.EOF) { // nothing came, as of a redirect
		err = nil
	}
	a.body, a.took = body.Bytes(), elapsed()
	return a, err
}

const warmUp = 2

// measure asks for a page many times.
func (b *pagesBench) measure(ctx context.Context, p PageResult) (PageResult, error) {
	var times, firsts, sql []time.Duration
	for i := range warmUp + b.opts.Requests {
		b.opts.Statements.Take()
		a, err := b.ask(ctx, p.Path, true)
		if err != nil {
			return p, err
		}
		if i < warmUp {
			continue
		}
		if a.status != p.Status {
			p.Status = a.status
		}
		got := b.opts.Statements.Take()
		times, firsts, sql = append(times, a.took), append(firsts, a.first), append(sql, got.Took)
		p.IsFile, p.SentBytes, p.Statements = a.isFile, len(a.body), got.Count
		if s := ms(got.Slowest); s > p.Slowest {
			p.Slowest, p.SlowestText = s, got.SlowestText
		}
	}
	for _, all := range [][]time.Duration{times, firsts, sql} {
		slices.Sort(all)
	}
	p.P50, p.P95, p.Max, p.SQL = ms(quantile(times, 50)), ms(quantile(times, 95)), ms(times[len(times)-1]), ms(quantile(sql, 50))
	p.First = ms(quantile(firsts, 95))
	counts := times
	if p.IsFile {
		counts = firsts
	}
	p.IsOver = p.Status != http.StatusOK || b.opts.Limit > 0 && quantile(counts, 95) > b.opts.Limit
	return p, nil
}

// quantile returns the smallest time of sorted ones that percent of them do not
// exceed.
func quantile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
