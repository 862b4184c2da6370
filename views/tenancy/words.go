package tenancy

import "tierbook/views/ui"

// everywhere says how many sessions there are.
func everywhere(n int) string {
	if n == 1 {
		return "here, in your only session"
	}
	return "here and in " + ui.FormatCounted(int64(n-1), "other session", "other sessions")
}
