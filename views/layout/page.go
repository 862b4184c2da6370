package layout

// bootTheme is what the style sheet is told before a script has asked the
// system.
func bootTheme(theme string) string {
	if theme == "dark" {
		return "dark"
	}
	return "light"
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
