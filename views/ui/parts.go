package ui

import "strconv"

// FormatPlain writes a whole number for machines.
func FormatPlain(n int64) string { return strconv.FormatInt(n, 10) }

func calloutIcon(t Tone) string {
	switch t {
	case ToneOK:
		return "circle-check"
	case ToneWarn, ToneError:
		return "alert-triangle"
	}
	return "info-circle"
}

// calloutRole makes screen readers speak up about errors.
func calloutRole(t Tone) string {
	if t == ToneError {
		return "alert"
	}
	return "note"
}

// TrueIf is the value of a state such as aria-invalid. An empty one would mean
// false, as it does for the attribute left out.
func TrueIf(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// PageIf is the value of aria-current: of the link to the page that is shown,
// or of another.
func PageIf(b bool) string {
	if b {
		return "page"
	}
	return "false"
}
