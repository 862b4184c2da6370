package tenancy

import "tierbook/views/ui"

// everywhere says how many sessions there are.
func everywhere(n int) string {
	if n == 1 {
		return "here, in your only session"
	}
	if n == 2 {
		return "here and in 1 other session"
	}
	return "here and in " + ui.FormatCount(int64(n-1)) + " other sessions"
}
