package utilities

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tierbook/app/kernel/period"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/scope"
	"tierbook/views/ui"
	view "tierbook/views/utilities"
)

// sees is what the reader may follow.
type sees struct{ customers, contracts, recalculate bool }

// month is the present one.
func (s *Service) month() period.Month { return period.MonthOf(s.clock.Now()) }

// fresh is how long a request counts as new.
const fresh = 6 * time.Second

func presentJob(e Entry, now time.Time, s sees) view.Job {
	j := view.Job{
		ID: e.ID.String(), URL: routes.Run(e.ID), Type: kindText(e.Kind), Period: e.Month,
		Customer: e.CustomerTenant.Name, Reason: e.Why.Kind, Explanation: e.Why.Explanation, Actor: e.ActorName,
		Requested: e.RequestedAt, Started: e.StartedAt,
		IsFailed: e.State == StateFailed, IsComplete: e.State == StateComplete, IsNew: now.Sub(e.RequestedAt) < fresh,
		Blocking: e.Blocking,
	}
	if j.Customer == "" {
		j.Customer = "(not yours to see)"
	} else if s.customers {
		j.CustomerURL = routes.Customer(e.CustomerTenant.Slug)
	}
	if e.Kind == KindFees && !e.Cause.IsZero() {
		j.Reason, j.Explanation = "After a recalculation", ""
	}
	if !e.StartedAt.IsZero() {
		j.Duration = ui.FormatElapsed(e.Elapsed(now))
	}
	j.Tone, j.Status = stateText(e.State)
	return j
}

func kindText(k Kind) string {
	if k == KindFees {
		return "Fees and rounding"
	}
	return "Recalculation"
}

func stateText(s State) (ui.Tone, string) {
	switch s {
	case StateRequested:
		return ui.ToneInfo, "Requested"
	case StateWaiting:
		return ui.ToneInfo, "Waiting"
	case StateRunning:
		return ui.ToneRun, "Running"
	case StateComplete:
		return ui.ToneOK, "Complete"
	case StateFailed:
		return ui.ToneError, "Failed"
	case StateReview:
		return ui.ToneWarn, "Needs review"
	case StateCancelled:
		return ui.ToneMuted, "Withdrawn"
	}
	return ui.ToneMuted, string(s)
}

// statuses are what the queue can be limited to.
func statuses() []ui.Option {
	out := []ui.Option{{Text: "Any status"}, {Value: "open", Text: "In progress"}}
	for _, s := range []State{StateRequested, StateWaiting, StateRunning, StateComplete, StateFailed, StateCancelled} {
		_, text := stateText(s)
		out = append(out, ui.Option{Value: string(s), Text: text})
	}
	return out
}

func kinds() []ui.Option {
	return []ui.Option{
		{Text: "Recalculations, and what has failed"}, {Value: string(KindFees), Text: kindText(KindFees)}, {Value: string(KindAny), Text: "Any type"},
	}
}

// chosen marks the option with that value.
func chosen(options []ui.Option, value string) []ui.Option {
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
	return options
}

func textOf(options []ui.Option, value string) string {
	i := slices.IndexFunc(options, func(o ui.Option) bool { return o.Value == value })
	if i < 0 {
		return value
	}
	return options[i].Text
}

// url is the queue's address without one filter, or with more rows.
func (f QueueFilter) url(without string, rows int) string {
	pairs := []string{
		"status", f.Status, "customer", f.Customer, "period", f.Month.String(), "type", string(f.Kind),
	}
	if rows > queueRows {
		pairs = append(pairs, "rows", strconv.Itoa(rows))
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == without {
			pairs[i+1] = ""
		}
	}
	return routes.With(routes.Runs, pairs...)
}

func presentQueue(got Queue, f QueueFilter, s sees) view.Queue {
	out := view.Queue{CanRecalculate: s.recalculate, Filter: presentFilter(f)}
	out.IsFiltered = len(out.Filter.Chips) > 0
	for _, e := range got.Entries {
		out.Jobs = append(out.Jobs, presentJob(e, got.Now, s))
	}
	if got.IsOpen {
		out.Poll = f.url("", f.rows())
	}
	if got.HasMore && f.rows() < maxQueueRows {
		out.More = f.url("", f.rows()+queueRows)
	}
	return out
}

func presentFilter(f QueueFilter) view.Filter {
	out := view.Filter{
		Statuses: chosen(statuses(), f.Status), Types: chosen(kinds(), string(f.Kind)), Customer: f.Customer, Month: f.Month.String(),
	}
	chip := func(name, value, text string) {
		if value != "" {
			out.Chips = append(out.Chips, ui.Chip{Text: text, URL: f.url(name, 0)})
		}
	}
	chip("status", f.Status, textOf(statuses(), f.Status))
	chip("customer", f.Customer, "Customer: "+f.Customer)
	chip("period", f.Month.String(), f.Month.String())
	chip("type", string(f.Kind), textOf(kinds(), string(f.Kind)))
	return out
}

func presentRun(v RunView, s sees) view.Run {
	out := view.Run{
		Job: presentJob(v.Entry, v.Now, s), Finished: v.FinishedAt, Attempts: v.Attempts, Lines: v.Lines, Charges: v.Charges,
		Engine: v.Engine, InputHash: v.InputHash, Result: v.ResultHash, Seller: v.SellerTenant.Name,
		CanCancel: v.State.CanCancel() && s.recalculate, CancelURL: routes.RunCancel(v.ID),
	}
	if v.State.IsOpen() {
		out.Poll, out.Waits = routes.Run(v.ID), v.Error
	}
	if !v.Cause.IsZero() {
		out.Cause = ui.Link{Text: "Recalculation " + view.Short(v.Cause.String()), URL: routes.Run(v.Cause)}
	}
	if v.State == StateFailed {
		presentFailure(v, s, &out)
	}
	out.Nothing = v.State == StateComplete && v.Kind == KindRecalculation
	for _, e := range v.Changes {
		shown := presentEdge(e, v.Month)
		out.Edges = append(out.Edges, shown)
		out.Nothing = out.Nothing && !shown.HasChanged() && !shown.IsFirst
	}
	out.MoreFindings = max(0, len(v.Findings)-maxFindings)
	for _, f := range v.Findings[:min(len(v.Findings), maxFindings)] {
		out.Findings = append(out.Findings, view.Finding{
			Text: f.Message, Invoice: ui.Link{Text: "Invoice of " + f.Buyer.Name, URL: routes.Invoice(v.Month, f.Seller.Slug, f.Buyer.Slug)},
		})
	}
	for _, c := range v.Caused {
		out.Caused = append(out.Caused, presentJob(c, v.Now, s))
	}
	return out
}

// maxFindings is how many findings a run's page lists.
const maxFindings = 20

func presentEdge(e EdgeChange, month period.Month) view.Edge {
	out := view.Edge{
		Seller: e.Seller.Name, Buyer: e.Buyer.Name, Invoice: routes.Invoice(month, e.Seller.Slug, e.Buyer.Slug), What: "Usage",
		Currency: e.Currency, IsFirst: e.IsFirst, Before: e.Before, After: e.After,
		CostBefore: e.CostBefore, CostAfter: e.CostAfter, HasCost: !e.IsFees, IsSummary: !e.HasDetail && !e.IsFirst && !e.IsFees,
	}
	if e.IsFees {
		out.What = "Fees and rounding"
	}
	for _, c := range e.Services {
		if !c.Before.Equal(c.After) {
			out.Services = append(out.Services, view.Change(c))
		}
	}
	for _, c := range e.Rules {
		if !c.Before.Equal(c.After) {
			out.Rules = append(out.Rules, view.Change(c))
		}
	}
	return out
}

// presentForm shows what can be chosen and what was.
func presentForm(choice Choice, in RecalculateInput, now period.Month) view.Form {
	f := view.Form{
		IsSearched: choice.Customers == nil, Customer: in.Customer, Explanation: in.Reason.Explanation,
		Customers: append([]ui.Option{{Text: "Choose a customer"}}, customerOptions(choice.Customers, in.Customer)...),
		Reasons:   []ui.Option{{Text: "Choose a reason"}},
	}
	f.Nobody = choice.Customers != nil && len(choice.Customers) == 0
	for _, r := range Reasons() {
		f.Reasons = append(f.Reasons, ui.Option{Value: r, Text: r, Selected: r == in.Reason.Kind})
	}
	for i, o := range choice.Months {
		m := view.Month{Month: o.Month, HasTerms: o.HasContract || choice.Customer.ID.IsZero(), IsCurrent: o.Month == now, IsChosen: slices.Contains(in.Months, o.Month)}
		if i < 6 || m.IsChosen && len(f.Earlier) == 0 {
			f.Months = append(f.Months, m)
		} else {
			f.Earlier = append(f.Earlier, m)
		}
	}
	return f
}

func customerOptions(list []Tenant, slug string) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, t := range list {
		text := t.Name
		if t.Tier != scope.Customer {
			text += " (own use)"
		}
		out[i] = ui.Option{Value: t.Slug, Text: text, Selected: t.Slug == slug}
	}
	return out
}

// requestedText says what was asked for.
func requestedText(t Tenant, months []period.Month, runs int) string {
	if runs == 1 && len(months) > 0 {
		return fmt.Sprintf("Recalculation of %s, %s, is in the queue.", t.Name, months[0])
	}
	return fmt.Sprintf("%d recalculations of %s are in the queue.", runs, t.Name)
}

// presentFailure says why a run failed and what to do about it.
func presentFailure(v RunView, s sees, out *view.Run) {
	out.Message, out.Detail = v.Error, v.Detail
	if out.Detail == out.Message {
		out.Detail = ""
	}
	switch {
	case strings.HasPrefix(v.Error, "Something went wrong inside"):
		out.Advice = "It is not about your contracts or usage. Run it again; if it stays, tell your administrator the reference."
	case strings.HasPrefix(v.Error, "Your supplier"):
		out.Advice = "Only your supplier can mend this: tell them the reference. What was published before still stands."
	default:
		out.Advice = "Mend the contract or the rule that the message names, then run the recalculation again. What was published before still stands."
		if s.contracts {
			out.Contracts = routes.Contracts
		}
	}
	if v.CanAgain {
		out.Again = again(v.Run, v.CustomerTenant.Slug)
	}
}

// again is the form for the same recalculation.
func again(r Run, slug string) string {
	return routes.With(routes.Recalculate, "customer", slug, "period", r.Month.String())
}
