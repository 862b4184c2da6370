package ui

func ariaSort(direction string) string {
	switch direction {
	case "asc":
		return "ascending"
	case "desc":
		return "descending"
	}
	return "none"
}
