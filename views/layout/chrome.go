// Package layout is the frame around every page: the bar at the top with menu,
// search and avatar, the page's head, and what errors look like.
package layout

import (
	"github.com/a-h/templ"

	"tierbook/views/ui"
)

// Chrome is what the frame shows whatever the page is. The zero Chrome is that
// of somebody who has not signed in.
type Chrome struct {
	User    string // name; empty: nobody is signed in
	Email   string
	Tenant  string // in whose perspective they act
	Tier    string // distributor, reseller, customer
	Menu    []Section
	Theme   string // light, dark, or auto for what the system says
	Density string // compact, standard, comfortable
	Jobs    Jobs
	Flash   string // what the last page wants to be said
}

// Jobs is what runs in the background now.
type Jobs struct {
	Count int64
	URL   string // empty: not for this user
	Next  string // what to ask in a moment, to hear of those that end; empty: nothing
}

func inProgress(jobs int64) string {
	return ui.FormatCounted(jobs, "job", "jobs") + " in progress"
}

// JobsID is what a later answer about jobs takes the place of.
const JobsID = "jobs"

// Section is an entry of the main menu. One with several items opens.
type Section struct {
	Text    string
	Current bool
	Items   []Item
}

// Item is a page that the menu leads to.
type Item struct {
	Section string // Customers, Contracts, Usage, Billing …
	Group   string // heading inside an opened section; empty: none
	Text    string
	Help    string // a few words, shown in an opened section
	URL     string
}

// Head is what a page says of itself.
type Head struct {
	Title   string
	Sub     string // a line below the title
	Crumbs  []ui.Link
	Action  templ.Component // the one primary action; nil: none
	More    []ui.Link       // secondary actions, behind «…»
	Tabs    []ui.Tab
	Narrow  bool     // a form: 640 px
	Scripts []string // "charts", "editor"
}

func (h Head) script(name string) string { return "vendor/" + name + ".js" }

// groups puts a section's items under their headings, in order.
func (s Section) groups() []Section {
	var out []Section
	for _, item := range s.Items {
		if len(out) == 0 || out[len(out)-1].Text != item.Group {
			out = append(out, Section{Text: item.Group})
		}
		last := &out[len(out)-1]
		last.Items = append(last.Items, item)
	}
	return out
}

// Initials are for the avatar.
func (c Chrome) initials() string {
	var out []rune
	start := true
	for _, r := range c.User {
		if start && r != ' ' && len(out) < 2 {
			out = append(out, r)
		}
		start = r == ' '
	}
	return string(out)
}

// Failure is an error as a page.
type Failure struct {
	Status    int
	Title     string
	Text      string
	RequestID string // empty: not worth saying
}

// Ids of what scripts and fragments aim at.
const (
	MainID          = "main"
	SearchDialogID  = "search-dialog"
	SearchResultsID = "search-results"
	KeysDialogID    = "keys-dialog"
)

// HTMXConfig is how htmx behaves: no code from attributes, nothing inherited,
// nobody else's answers, and forms swapped when they come back with errors.
const HTMXConfig = `{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,` +
	`"disableInheritance":true,"historyCacheSize":0,"timeout":15000,` +
	`"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"409|422","swap":true},{"code":"[45]..","swap":false,"error":true}]}`
