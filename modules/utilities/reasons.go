package utilities

import "strings"

// Reason is why somebody asks for a recalculation: one of a list, so that the
// log can be counted, with an explanation in their own words.
type Reason struct {
	Kind        string // one of Reasons, or free text from elsewhere
	Explanation string
}

// ReasonOther is for what the list does not name.
const ReasonOther = "Other"

// Reasons are what the form offers, in its order.
func Reasons() []string {
	return []string{"Rule changed after billing", "Credit and adjustment issues", "Incorrect charges", "Late usage", ReasonOther}
}

// String is the reason as the log keeps it: «Other: prices were wrong».
func (r Reason) String() string {
	if r.Explanation == "" {
		return r.Kind
	}
	return r.Kind + ": " + r.Explanation
}

// reasonOf reads what String wrote; any other text is a kind of its own.
func reasonOf(text string) Reason {
	for _, kind := range Reasons() {
		if rest, ok := strings.CutPrefix(text, kind+": "); ok {
			return Reason{Kind: kind, Explanation: rest}
		}
	}
	return Reason{Kind: text}
}

func isReason(kind string) bool {
	for _, k := range Reasons() {
		if k == kind {
			return true
		}
	}
	return false
}
