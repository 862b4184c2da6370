package source

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
	"tierbook/modules/usage/internal/source/cell"
)

// manifestMax is the largest manifest that is believed.
const manifestMax = 16 << 20

// Assembly is one delivery of a legacy Cost and Usage Report: the whole month
// to date, in the files that its manifest names.
type Assembly struct {
	Manifest string // key of the manifest
	ID       string
	Report   string
	Account  string       // the payer account
	Month    period.Month // of the billing period; zero if the manifest states none
	At       time.Time    // when the manifest was written

	keys []string // as the manifest names them
}

type manifest struct {
	AssemblyID    string `json:"assemblyId"`
	Account       string `json:"account"`
	ReportID      string `json:"reportId"`
	ReportName    string `json:"reportName"`
	BillingPeriod struct {
		Start string `json:"start"`
	} `json:"billingPeriod"`
	ReportKeys []string `json:"reportKeys"`
	DataFiles  []string `json:"dataFiles"` // of CUR 2.0
}

// isManifest reports whether a file's name is a manifest's.
func isManifest(key string) bool { return strings.HasSuffix(strings.ToLower(key), "manifest.json") }

// readManifests returns the assembly to read of each report and billing
// period: what the date folder's manifest says, which is always the newest.
func readManifests(ctx context.Context, tree Tree, entries []Entry) ([]*Assembly, error) {
	var all []*Assembly
	for _, e := range entries {
		if !isManifest(e.Key) {
			continue
		}
		a, err := readManifest(ctx, tree, e)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return newest(all), nil
}

func readManifest(ctx context.Context, tree Tree, e Entry) (*Assembly, error) {
	f, err := tree.Open(ctx, e.Key)
	if err != nil {
		return nil, fmt.Errorf("open manifest: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, manifestMax))
	if err != nil {
		return nil, fmt.Errorf("read manifest %s: %w", e.Key, err)
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, refuse("usage.manifest", "The manifest %s is not JSON: %v.", e.Key, err)
	}
	if len(m.DataFiles) > 0 {
		return nil, refuse("usage.manifest", "The manifest %s is one of CUR 2.0, which is not read yet; legacy CUR and FOCUS are.", e.Key)
	}
	if len(m.ReportKeys) == 0 {
		return nil, refuse("usage.manifest", "The manifest %s names no files.", e.Key)
	}
	a := &Assembly{
		Manifest: e.Key, ID: m.AssemblyID, Report: cmp.Or(m.ReportID, m.ReportName), Account: m.Account,
		At: e.ModTime.Truncate(time.Microsecond), keys: m.ReportKeys,
	}
	if m.BillingPeriod.Start != "" {
		start, _, err := cell.ParseInstant([]byte(m.BillingPeriod.Start))
		if err != nil {
			return nil, refuse("usage.manifest", "The manifest %s has the billing period %q.", e.Key, m.BillingPeriod.Start)
		}
		a.Month = period.MonthOf(start.Time())
	}
	return a, nil
}

// newest drops the copies that lie in the folders of single assemblies, if the
// date folder has a manifest, else all but the newest of them.
func newest(all []*Assembly) []*Assembly {
	type group struct {
		report string
		month  period.Month
		folder string // the date folder
	}
	best := map[group]*Assembly{}
	for _, a := range all {
		dir := path.Dir(a.Manifest)
		g := group{a.Report, a.Month, dir}
		if a.isCopy() {
			g.folder = path.Dir(dir)
		}
		b := best[g]
		if b == nil || b.isCopy() && (!a.isCopy() || a.At.After(b.At)) {
			best[g] = a
		}
	}
	out := make([]*Assembly, 0, len(best))
	for _, a := range best {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *Assembly) int { return strings.Compare(a.Manifest, b.Manifest) })
	return out
}

// isCopy reports whether the manifest lies in the folder of its assembly.
func (a *Assembly) isCopy() bool { return a.ID != "" && path.Base(path.Dir(a.Manifest)) == a.ID }

// find returns the files that the manifest names. Keys are those of the whole
// bucket; the tree may show only a part of it, below some prefix.
func (a *Assembly) find(entries []Entry) ([]File, error) {
	byKey := make(map[string]Entry, len(entries))
	for _, e := range entries {
		byKey[e.Key] = e
	}
	var out []File
	for _, key := range a.keys {
		e, ok := locate(byKey, key)
		if !ok {
			return nil, errs.Newf(errs.FailedPrecondition, "usage.manifest_incomplete",
				"The manifest %s names %s, which is not there; nothing of it was imported.", a.Manifest, key)
		}
		out = append(out, File{Key: e.Key, Size: e.Size, Assembly: a})
	}
	return out, nil
}

// locate finds a bucket's key in a tree that may begin at any of its folders.
func locate(byKey map[string]Entry, key string) (Entry, bool) {
	key = strings.TrimPrefix(key, "/")
	for {
		if e, ok := byKey[key]; ok {
			return e, true
		}
		_, rest, more := strings.Cut(key, "/")
		if !more {
			return Entry{}, false
		}
		key = rest
	}
}
