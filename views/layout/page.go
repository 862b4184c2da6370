package layout

import "tierbook/app/kernel/routes"

// bootTheme is what the style sheet is told before a script has asked the
// system.
func bootTheme(theme string) string {
	if theme == "dark" {
		return "dark"
	}
	return "light"
}

// keys are what one types to get to a page of the menu, where one has it.
func keys(url string) string {
	switch url {
	case routes.Customers:
		return "g c"
	case routes.Invoices:
		return "g i"
	case routes.Contracts:
		return "g r"
	case routes.Deliveries:
		return "g u"
	case routes.Utilities:
		return "g b"
	}
	return ""
}
