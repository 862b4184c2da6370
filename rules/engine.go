package rules

// Options configure an Engine.
type Options struct {
	// Schedules are the fee schedules that support_fee may name.
	Schedules map[string]Schedule
	// SupportServices are the names of the providers' support services, which
	// fee_base leaves out. A name that ends in * is a prefix.
	SupportServices []string
}

// Engine compiles contracts and evaluates lone expressions. It is safe for
// concurrent use.
type Engine struct {
	compilers *compilers
	support   []string
}

// New returns an engine. Errors: Invalid if a schedule has no sound tiers.
func New(o Options) (*Engine, error) {
	for name, s := range o.Schedules {
		if err := s.validate(name); err != nil {
			return nil, err
		}
	}
	return &Engine{compilers: newCompilers(o.Schedules), support: o.SupportServices}, nil
}
