package browsertest

import (
	"encoding/json"
	"fmt"
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
			problem = complaint(string(e.Type), said(e.Args))
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

// complaint is what a script wrote to the console. That htmx has given up a
// request, because the page asked for something newer or went away, is none.
func complaint(kind, text string) string {
	if strings.HasPrefix(text, "htmx:sendAbort") || strings.HasPrefix(text, "htmx:afterRequest") {
		return ""
	}
	return kind + ": " + text
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
	out := string(e.Source) + ": " + e.Text + " " + e.URL
	if e.StackTrace != nil {
		for _, f := range e.StackTrace.CallFrames {
			out += fmt.Sprintf("\n    %s (%s:%d:%d)", f.FunctionName, f.URL, f.LineNumber+1, f.ColumnNumber+1)
		}
	}
	return out
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
