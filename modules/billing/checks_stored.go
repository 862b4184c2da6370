package billing

import (
	"cmp"
	"encoding/json"
	"slices"
)

// A stored reconciliation is JSON of its own: that of the command line does not
// tell findings from notices, nor what blocks. Fields are only ever added.
type (
	storedReconciliation struct {
		OK      bool         `json:"ok"`
		Nothing bool         `json:"nothing"`
		Trees   []storedTree `json:"trees"`
	}
	storedTree struct {
		TreeBooks
		Findings []storedFinding
		Notices  []storedFinding
	}
	storedFinding Finding // without its MarshalJSON
)

// maxStored is how many edges, findings and notices a stored check keeps of each
// tree: a page shows them all.
const maxStored = 200

// excerpt keeps of many edges those whose sides differ and then the largest, by
// seller and buyer as they were, and the first findings and notices.
func (t TreeBooks) excerpt() TreeBooks {
	if more := len(t.Edges) - maxStored; more > 0 {
		edges := slices.SortedStableFunc(slices.Values(t.Edges), func(a, b EdgeBooks) int {
			return cmp.Or(cmp.Compare(evenness(a), evenness(b)), b.Price.Abs().Compare(a.Price.Abs()))
		})[:maxStored]
		slices.SortFunc(edges, func(a, b EdgeBooks) int {
			return cmp.Or(cmp.Compare(a.Seller, b.Seller), cmp.Compare(a.Buyer, b.Buyer))
		})
		t.Edges, t.MoreEdges = edges, more
	}
	if more := len(t.Findings) - maxStored; more > 0 {
		t.Findings, t.MoreFindings = t.Findings[:maxStored], more
	}
	if more := len(t.Notices) - maxStored; more > 0 {
		t.Notices, t.MoreNotices = t.Notices[:maxStored], more
	}
	return t
}

// evenness is 0 where the sides of an edge differ, and 1 where they are equal.
func evenness(e EdgeBooks) int {
	if e.SellerCharges.Equal(e.BuyerCosts) {
		return 1
	}
	return 0
}

func formatReconciliation(r Reconciliation) ([]byte, error) {
	out := storedReconciliation{OK: r.OK, Nothing: r.Nothing}
	for _, t := range r.Trees {
		t = t.excerpt()
		s := storedTree{TreeBooks: t}
		for _, f := range t.Findings {
			s.Findings = append(s.Findings, storedFinding(f))
		}
		for _, f := range t.Notices {
			s.Notices = append(s.Notices, storedFinding(f))
		}
		out.Trees = append(out.Trees, s)
	}
	return json.Marshal(out)
}

func parseReconciliation(b []byte) (Reconciliation, error) {
	var in storedReconciliation
	if err := json.Unmarshal(b, &in); err != nil {
		return Reconciliation{}, err
	}
	out := Reconciliation{OK: in.OK, Nothing: in.Nothing}
	for _, s := range in.Trees {
		t := s.TreeBooks
		for _, f := range s.Findings {
			t.Findings = append(t.Findings, Finding(f))
		}
		for _, f := range s.Notices {
			t.Notices = append(t.Notices, Finding(f))
		}
		out.Trees = append(out.Trees, t)
	}
	return out, nil
}
