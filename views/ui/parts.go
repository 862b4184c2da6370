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
