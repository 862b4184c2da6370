package usage

import (
	"cmp"

	"github.com/shopspring/decimal"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/period"
)

// Selection names the usage lines that one assignee answers for in one billing
// month, out of one owner's deliveries. It holds everything that a later Scan
// needs, so that what a run has read can be read again after the deliveries
// were replaced or the assignments changed.
type Selection struct {
	Owner    id.Tenant         `json:"owner"`
	Assignee id.Tenant         `json:"assignee"`
	OwnUse   bool              `json:"own_use,omitempty"`
	Month    period.Month      `json:"month"`    // the billing month: every line's period
	Segments []SelectedSegment `json:"segments"` // by provider, payer, delivery month, ordinal; the index is Batch.Segment
	Accounts []SelectedAccount `json:"accounts"` // by provider, account
	Rows     int64             `json:"rows"`     // lines in all
}

// IsEmpty reports whether the selection holds no line.
func (s Selection) IsEmpty() bool { return s.Rows == 0 }

// SelectedSegment is a segment that holds lines of a selection.
type SelectedSegment struct {
	ID          id.Segment  `json:"id"`
	Delivery    id.Delivery `json:"delivery"`
	Provider    string      `json:"provider"`
	ContentHash string      `json:"content_hash"` // of the delivery: equal content, equal hash
	Object      string      `json:"object"`
	SHA256      string      `json:"sha256"` // of the object's bytes, checked on read
	Bytes       int64       `json:"bytes"`
	RowGroups   []int       `json:"row_groups"` // those that hold selected lines
}

// SelectedAccount is an account of a selection with the service months that
// the assignee answers for. The first is usually the billing month; earlier
// ones are late lines.
type SelectedAccount struct {
	ID            id.Account      `json:"id"`
	Provider      string          `json:"provider"`
	Account       string          `json:"account"`
	ServiceMonths []period.Month  `json:"service_months"`
	Assignments   []id.Assignment `json:"assignments"` // whose months contain them
}

// Imported is what the current segments say of one billing month, re-added
// from their bytes.
type Imported struct {
	Sums        []ImportedSum
	Problems    []Problem
	Quarantined []QuarantineCount
}

// ImportedSum adds up BilledCost of one (owner, provider, payer, currency,
// account, service month) from the stored lines themselves.
type ImportedSum struct {
	Owner        id.Tenant
	Provider     string
	Payer        string
	Currency     string
	AccountID    id.Account // zero if the account is not known to the database
	Account      string
	ServiceMonth period.Month
	Rows         int64
	Billed       decimal.Decimal
	Assignee     id.Tenant // zero: unassigned in ServiceMonth
	OwnUse       bool
}

// Problem is a stored segment that is not what was published, or whose lines
// do not add up to what the database says.
type Problem struct {
	Owner    id.Tenant
	Segment  id.Segment
	Object   string
	Code     string // "segment.missing", "segment.altered", "segment.unreadable", "segment.sums"
	Message  string
	Payer    string
	Provider string
}

// QuarantineCount counts the unacknowledged rows of an owner that count
// against one month.
type QuarantineCount struct {
	Owner id.Tenant
	Rows  int64
}

func compareAccounts(a, b SelectedAccount) int {
	return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Account, b.Account))
}
