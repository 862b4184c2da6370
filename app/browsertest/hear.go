package browsertest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
)

// Problems returns what went wrong in the tab: errors and warnings in the
// console, exceptions, and what the content security policy has refused.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Forgive forgets the problems that have text in them, and returns how many
// there were: for a test that has made them on purpose.
func (p *Page) Forgive(text string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.problems)
	p.problems = slices.DeleteFunc(p.problems, func(s string) bool { return strings.Contains(s, text) })
	return before - len(p.problems)
}

func (p *Page) hear(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			problem += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			problem = string(e.Type) + ": " + said(e.Args)
		}
	case *log.EventEntryAdded:
		problem = entry(e.Entry)
	}
	if problem == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, problem)
}

// entry is a problem that the browser itself has noted. That a page or a form
// was refused is none: tests ask for that and look at what is shown.
func entry(e *log.Entry) string {
	if e.Level != log.EntryLevelError && e.Level != log.EntryLevelWarning {
		return ""
	}
	if e.Source == log.EntrySourceNetwork && strings.Contains(e.Text, "the server responded with a status of 4") && !strings.Contains(e.URL, "/static/") {
		return ""
	}
	return string(e.Source) + ": " + e.Text + " " + e.URL
}

func said(args []*runtime.RemoteObject) string {
	var out []string
	for _, a := range args {
		var s string
		switch {
		case json.Unmarshal(a.Value, &s) == nil:
			out = append(out, s)
		case a.Description != "":
			out = append(out, a.Description)
		default:
			out = append(out, string(a.Value))
		}
	}
	return strings.Join(out, " ")
}
