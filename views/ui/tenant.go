package ui

import "github.com/a-h/templ"

// FewTenants is how many tenants a page offers as a choice; among more one has
// to search.
const FewTenants = 40

// TenantField asks for a tenant: a choice of few, or a field that finds among
// many.
type TenantField struct {
	Value   string // slug
	Options []Option
	Find    string // URL that answers with Found; empty: Options are all
}

// ChooseTenant asks for one of options. Where these are more than FewTenants,
// it asks for one that find finds: the caller need not know them all.
func ChooseTenant(options []Option, value, find string) TenantField {
	if len(options) > FewTenants {
		return TenantField{Value: value, Find: find}
	}
	for i := range options {
		options[i].Selected = options[i].Value == value
	}
	return TenantField{Value: value, Options: options}
}

// searching makes a text field look for tenants while somebody types.
func searching(in Input, f TenantField, listID string) Input {
	in.Value, in.Autocomplete = f.Value, "off"
	if in.Help == "" {
		in.Help = "Type a part of the name and choose."
	}
	in.Attrs = Finding(f, listID)
	return in
}

// Finding is what makes an input look for tenants while somebody types, and
// offer those of the list beside it.
func Finding(f TenantField, listID string) templ.Attributes {
	return templ.Attributes{
		"list": listID, "hx-get": f.Find, "hx-trigger": "input changed delay:150ms",
		"hx-target": "#" + listID, "hx-swap": "outerHTML", "hx-sync": "this:replace",
	}
}
