package line

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// order is the order of columns in canonical rows. Lines sorted by it hold
// together what is read together (one account, period and service month), then
// go from columns that seldom change to those that often do, so that equal
// values lie in long runs.
var order = [NumColumns]Column{
	XProvider, XAccount, XPeriod, XServiceMonth, BillingCurrency, BillingAccountId,
	ProviderName, PublisherName, InvoiceIssuerName, BillingAccountName, SubAccountId, SubAccountName,
	BillingPeriodStart, BillingPeriodEnd, InvoiceId,
	XMarketplace, XLineItemType, ChargeCategory, ChargeClass, ChargeFrequency, XCommitmentRole,
	ServiceCategory, ServiceName, RegionId, RegionName, SkuId, XUsageType, XOperation, SkuPriceId,
	PricingCategory, PricingUnit, ConsumedUnit, ListUnitPrice, ContractedUnitPrice,
	CommitmentDiscountCategory, CommitmentDiscountType, CommitmentDiscountStatus, CommitmentDiscountId, CommitmentDiscountName,
	ResourceType, ChargeDescription, AvailabilityZone, Tags, ResourceId, ResourceName,
	XDate, ChargePeriodStart, ChargePeriodEnd, ConsumedQuantity,
}

// Order returns the columns in the order in which canonical rows hold them;
// the measures follow.
func Order() [NumColumns]Column { return order }

// AppendRow appends the canonical bytes of l to dst. Two lines have the same
// bytes exactly if all their columns are equal; comparing the bytes orders
// lines totally.
func AppendRow(dst []byte, l *Line) []byte {
	for _, c := range order {
		text := l.Text[c]
		if len(text) < 0x80 {
			dst = append(dst, byte(len(text)))
		} else {
			dst = binary.AppendUvarint(dst, uint64(len(text)))
		}
		dst = append(dst, text...)
	}
	for i := range l.Measures {
		dst = l.Measures[i].appendCanonical(dst)
	}
	return dst
}

// appendCanonical appends one byte 0 for NULL, else 1 + the number of bytes of
// the magnitude, scale and sign, and the magnitude, big end first.
func (n Number) appendCanonical(dst []byte) []byte {
	if !n.valid {
		return append(dst, 0)
	}
	sign := byte(0)
	if n.neg {
		sign = 1
	}
	size := n.magnitude().bytes()
	dst = append(dst, byte(1+size), n.scale<<1|sign)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.hi)
	binary.BigEndian.PutUint64(b[8:], n.lo)
	return append(dst, b[16-size:]...)
}

var errRow = errors.New("a spilled usage line is damaged")

// RowReader reads canonical rows, one after the other.
type RowReader struct {
	Line                 // aliases the row last read
	ends [NumColumns]int // in that row, by position in order; 0 before the first
}

// Read makes r hold row, which must stay as it is until the next Read. shared
// is how many bytes at its start the row has in common with the one read
// before, 0 if not known; a number too small only costs time. Columns that
// come before position first in Order hold what they held before.
func (r *RowReader) Read(row []byte, shared int) (first int, err error) {
	at := 0
	for i, c := range order {
		if end := r.ends[i]; i == first && end > 0 && end <= shared {
			r.Text[c] = row[end-len(r.Text[c]) : end]
			at = end
			first++
			continue
		}
		size, n := binary.Uvarint(row[at:])
		if n <= 0 || size > uint64(len(row)-at-n) {
			return 0, errRow
		}
		end := at + n + int(size)
		r.Text[c] = row[at+n : end]
		r.ends[i] = end
		at = end
	}
	for i := range r.Measures {
		n, end, ok := readCanonical(row, at)
		if !ok {
			return 0, errRow
		}
		r.Measures[i] = n
		at = end
	}
	if at != len(row) {
		return 0, errRow
	}
	return first, nil
}

func readCanonical(row []byte, at int) (n Number, end int, ok bool) {
	if at >= len(row) {
		return Number{}, 0, false
	}
	if row[at] == 0 {
		return Number{}, at + 1, true
	}
	size := int(row[at]) - 1
	end = at + 2 + size
	if size > 16 || end > len(row) {
		return Number{}, 0, false
	}
	n = Number{scale: row[at+1] >> 1, neg: row[at+1]&1 == 1, valid: true}
	for _, b := range row[at+2 : end] {
		n.hi = n.hi<<8 | n.lo>>56
		n.lo = n.lo<<8 | uint64(b)
	}
	return n, end, true
}

// Compare orders canonical rows.
func Compare(a, b []byte) int { return bytes.Compare(a, b) }
