package ui

import "strings"

func inputType(in Input) string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func rowsOf(in Input) int {
	if in.Rows == 0 {
		return 3
	}
	return in.Rows
}

func labelOf(p Problem, name string) string {
	if label := p.Labels[name]; label != "" {
		return label
	}
	return strings.ToUpper(name[:1]) + name[1:] // names of fields are ASCII words
}
