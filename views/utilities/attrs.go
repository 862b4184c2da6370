package utilities

import (
	"github.com/a-h/templ"

	"tierbook/app/kernel/routes"
)

// choosing makes a select ask for the form again when a customer is chosen.
func choosing(inDialog bool) templ.Attributes {
	a := templ.Attributes{
		"hx-get": routes.Recalculate, "hx-trigger": "change", "hx-include": "closest form",
		"hx-target": "#" + FormID, "hx-swap": "outerHTML", "hx-sync": "closest form:replace",
	}
	if inDialog {
		a["data-focus"] = true
	}
	return a
}

// searching makes a text field look for customers while somebody types. Which
// periods the customer has is checked when the form is sent.
func searching(inDialog bool) templ.Attributes {
	a := templ.Attributes{
		"list": FindID, "hx-get": routes.Recalculate + "?find=1", "hx-trigger": "input changed delay:150ms",
		"hx-target": "#" + FindID, "hx-swap": "outerHTML", "hx-sync": "this:replace",
	}
	if inDialog {
		a["data-focus"] = true
	}
	return a
}
