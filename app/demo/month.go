package demo

import (
	"context"
	"fmt"
	"path/filepath"

	"tierbook/app/demo/internal/export"
	"tierbook/app/kernel/period"
)

// MonthOptions size a single month of one AWS payer account.
type MonthOptions struct {
	Seed  uint64 // 0 is DefaultSeed
	Lines int64  // about
	Month period.Month
	Dir   string // an S3 tree is written below it
}

// WriteMonth writes the legacy CUR of one payer account with four sub accounts,
// for measuring: what a large customer's month looks like.
func WriteMonth(ctx context.Context, opts MonthOptions) (Total, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return Total{}, fmt.Errorf("write month: %w", err)
	}
	p := export.Payer{
		Provider: "aws", ID: "730184926155", Name: "Load", Layout: export.CUR, Currency: "USD", Percent: 5,
		EDP: export.EDPColumns, Commitment: export.SavingsPlan,
	}
	for i, environment := range []string{"production", "test", "development", "research"} {
		p.Accounts = append(p.Accounts, export.Account{
			ID: fmt.Sprintf("73018492%04d", 1000+i), Name: environment, Environment: environment,
			CostCenter: fmt.Sprintf("cc-%d", 9000+i), Region: i % 3,
		})
	}
	w, err := export.WriteMonth(ctx, p, export.Month{
		Seed: Options{Seed: opts.Seed}.withDefaults().Seed, Month: opts.Month, Lines: opts.Lines, Dir: dir,
	})
	if err != nil {
		return Total{}, err
	}
	return Total{
		Provider: p.Provider, Payer: p.ID, Month: opts.Month, Currency: p.Currency, Lines: w.Lines,
		Billed: w.Billed, Effective: w.Effective, List: w.List, Contracted: w.Contracted,
	}, nil
}
