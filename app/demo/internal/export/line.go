package export

// kind is what a row is about.
type kind uint8

const (
	usage       kind = iota
	riCovered        // usage paid by a reservation
	riFee            // the reservation's fee of the month, with what went unused
	riUpfront        // what was paid when it was bought
	spCovered        // usage paid by a savings plan
	spNegation       // takes the covered usage off the bill
	spFee            // the plan's hourly commitment, with what went unused
	spUpfront        // what was paid when it was bought
	support          // provider support
	marketplace      // a vendor's product
	edp              // negotiated discount as a row
	tax              //
	credit           //
	refund           // of an earlier month
	unused           // FOCUS: the part of a reservation that nobody used
	rounding         // FOCUS: an adjustment
)

// line is one row before a layout gives it columns. Amounts are integers with
// the payer's number of decimals; quantities and prices have unitScale.
type line struct {
	kind     kind
	s        *series
	from, to int // hours since the month began
	text     string

	quantity   int64
	price      int64 // billed per unit
	listPrice  int64
	billed     int64
	effective  int64
	list       int64
	contracted int64

	commitment *commitment
	upfront    int64 // amortised upfront payment of a commitment in this row
	recurring  int64 // its recurring fee in this row
	unused     int64 // hours of a reservation that nobody used, with unitScale
	// of upfront and recurring, what went unused; of a plan's commitment, the total and what was used
	unusedUpfront, unusedRecurring int64
	committed, used                int64
}

// commitment is a reservation or a savings plan.
type commitment struct {
	id        string // ARN or resource id
	name      string
	holder    *series // the row to which its fees belong
	units     int64   // instances reserved
	hourly    int64   // recurring fee per hour: of one instance, or of the plan; unitScale
	amortised int64   // upfront payment per hour, likewise
	upfront   int64   // paid when bought, with the payer's scale
}
