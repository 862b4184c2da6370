package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/demo"
	"tierbook/app/kernel/money"
	"tierbook/app/kernel/period"
	"tierbook/app/platform/texttable"
)

func (e *env) demo() *cobra.Command {
	var opts demo.Options
	var noServe bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Makes a demo of three tiers through the real importers and workers, and serves it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				opts.Now = period.MonthOf(now())
				bar := e.progress()
				r, err := a.Demo(ctx, opts, demoProgress{bar})
				bar.finish()
				if err != nil {
					return err
				}
				if err := e.printDemo(r); err != nil {
					return err
				}
				if noServe {
					return nil
				}
				return a.RunAll(ctx, func(url string) { e.welcome(a, url) })
			})
		},
	}
	cmd.Flags().Uint64Var(&opts.Seed, "seed", 0, "of every random choice (default 1)")
	cmd.Flags().Int64Var(&opts.Lines, "lines", 0, "usage lines in all, about (default 60,000)")
	cmd.Flags().BoolVar(&noServe, "no-serve", false, "make the demo, print what was billed, and end")
	return cmd
}

// welcome says where the demo is and how to sign in.
func (e *env) welcome(a *app.App, url string) {
	people, err := a.DemoSignIns()
	if err != nil {
		fmt.Fprintln(e.err, "The sign-ins cannot be read:", err)
	}
	t := texttable.New("tier", "organisation", "role", "e-mail address", "password")
	for _, p := range people {
		t.Row(p.Tier.String(), p.Tenant, p.Role, p.Email, p.Password)
	}
	fmt.Fprintln(e.err)
	if t.Rows() > 0 {
		_, _ = t.WriteTo(e.err)
	}
	fmt.Fprintf(e.err, "\nOpen %s and sign in as one of them (Ctrl-C stops)\n", url)
}

// demoProgress draws the demo's steps.
type demoProgress struct{ bar *progress }

// Step shows how far a step is.
func (p demoProgress) Step(name string, done, total int64) { p.bar.at(name, done, total) }

// demoAnswer is what was billed in the demo's last month.
type demoAnswer struct {
	Fresh  bool         `json:"fresh"`
	OK     bool         `json:"ok"`
	Period period.Month `json:"period"`
	Tiers  []tierAnswer `json:"tiers"`
}

type tierAnswer struct {
	Tier   string `json:"tier"`
	Cost   string `json:"cost"`
	Price  string `json:"price"`
	Margin string `json:"margin"`
}

func (e *env) printDemo(r demo.Result) error {
	answer := demoAnswer{Fresh: r.Fresh, OK: true, Tiers: []tierAnswer{}}
	for _, m := range r.Months {
		answer.OK = answer.OK && m.OK
	}
	if n := len(r.Months); n > 0 {
		answer.Period = r.Months[n-1].Month
		for _, t := range r.Months[n-1].Tiers {
			answer.Tiers = append(answer.Tiers, tierAnswer{t.Tier.String(), money.Plain(t.Cost), money.Plain(t.Price), money.Plain(t.Margin)})
		}
	}
	if e.json {
		if err := e.print(answer, nil); err != nil {
			return err
		}
	} else if err := r.WriteSummary(e.out); err != nil {
		return err
	}
	if !answer.OK {
		return fmt.Errorf("the demo does not reconcile: tierbook reconcile --period %s says where", answer.Period)
	}
	return nil
}
