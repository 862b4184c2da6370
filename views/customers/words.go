package customers

import (
	"github.com/a-h/templ"

	"tierbook/app/kernel/money"
)

func currencyText(c money.Currency) string {
	if c == "" {
		return ""
	}
	return ", " + string(c)
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// submits makes a field send its form when it changes.
func submits() templ.Attributes { return templ.Attributes{"data-autosubmit": true} }
