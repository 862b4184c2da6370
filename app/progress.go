package app

import (
	"context"
	"fmt"
	"strings"

	"tierbook/app/kernel/id"
	"tierbook/app/kernel/routes"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
	"tierbook/app/platform/web"
	"tierbook/modules/billing"
	"tierbook/modules/tenancy"
	"tierbook/modules/usage"
	"tierbook/views/ui"
)

// progress tells the pages which recalculations and imports run.
type progress struct {
	billing *billing.Service
	usage   *usage.Service
	tenancy *tenancy.Service
	web     *db.DB
}

// jobsMany is where counting jobs in progress ends: nobody needs to know more.
const jobsMany = 99

// Names of jobs begin with their kind.
const (
	jobRun    = "run:"
	jobImport = "import:"
)

func (p progress) Now(ctx context.Context) (out web.Running) {
	_ = p.web.ReadTx(ctx, func(ctx context.Context) error { // one for both questions, on pages that have none
		out = p.now(ctx)
		return nil
	})
	return out
}

func (p progress) now(ctx context.Context) web.Running {
	out := web.Running{URL: routes.Utilities}
	sc, err := scope.From(ctx)
	if err != nil {
		return web.Running{}
	}
	open := []billing.RunState{billing.StateRequested, billing.StateWaiting, billing.StateRunning}
	runs, err := p.billing.List(ctx, billing.RunFilter{States: open, Limit: jobsMany})
	if err != nil {
		out.URL = routes.Imports
	}
	for _, r := range runs {
		if r.Kind == billing.RunLine && r.State != billing.StateWaiting && r.Actor == sc.Actor.String() {
			out.Own = append(out.Own, jobRun+r.ID.String())
		}
	}
	imports, err := p.usage.Imports(ctx, usage.ImportFilter{Open: true, Limit: jobsMany})
	if err != nil && len(runs) == 0 {
		return web.Running{}
	}
	for _, i := range imports.Imports {
		if i.By == sc.Actor.Name {
			out.Own = append(out.Own, jobImport+i.ID.String())
		}
	}
	out.Count = int64(len(runs) + len(imports.Imports))
	return out
}

func (p progress) Ended(ctx context.Context, jobs []string) []web.Ended {
	var out []web.Ended
	for _, job := range jobs {
		e, ok := web.Ended{}, false
		if text, is := strings.CutPrefix(job, jobRun); is {
			e, ok = p.endedRun(ctx, text)
		} else if text, is := strings.CutPrefix(job, jobImport); is {
			e, ok = p.endedImport(ctx, text)
		}
		if ok {
			out = append(out, e)
		}
	}
	return out
}

func (p progress) endedRun(ctx context.Context, text string) (web.Ended, bool) {
	run, err := id.Parse[id.Run](text)
	if err != nil {
		return web.Ended{}, false
	}
	r, err := p.billing.Get(ctx, run)
	if err != nil || r.State.IsOpen() {
		return web.Ended{}, false
	}
	what := r.Month.String()
	if t, err := p.tenancy.Get(ctx, r.Assignee); err == nil {
		what = t.Name + " " + what
	}
	e := web.Ended{Text: what + " is recalculated.", Tone: ui.ToneOK, URL: routes.Run(r.ID)}
	switch r.State {
	case billing.StateFailed:
		e.Text, e.Tone = "The recalculation of "+what+" failed.", ui.ToneError
	case billing.StateCancelled:
		e.Text, e.Tone = "The recalculation of "+what+" was cancelled.", ui.ToneInfo
	}
	return e, true
}

func (p progress) endedImport(ctx context.Context, text string) (web.Ended, bool) {
	job, err := id.Parse[id.Import](text)
	if err != nil {
		return web.Ended{}, false
	}
	i, err := p.usage.GetImport(ctx, job)
	if err != nil || i.State.IsOpen() {
		return web.Ended{}, false
	}
	e := web.Ended{Text: fmt.Sprintf("%s: %s rows imported.", i.Title(), ui.FormatCount(i.RowsStored)), Tone: ui.ToneOK, URL: routes.Import(i.ID.String())}
	if i.State == usage.ImportFailed {
		e.Text, e.Tone = "The import of "+i.Title()+" failed.", ui.ToneError
	}
	return e, true
}
