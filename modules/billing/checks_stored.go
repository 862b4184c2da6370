package billing

import "encoding/json"

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

func formatReconciliation(r Reconciliation) ([]byte, error) {
	out := storedReconciliation{OK: r.OK, Nothing: r.Nothing}
	for _, t := range r.Trees {
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
