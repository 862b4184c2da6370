package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/platform/authz"
	"tierbook/views/layout"
)

// NavItem is a page of the main menu, for whoever has its permission. Modules
// list theirs; sections appear in the order of their first item.
type NavItem struct {
	layout.Item
	Permission authz.Permission
}

// menu is what the request's user can open.
func (s *Server) menu(c *fiber.Ctx) []layout.Section {
	var out []layout.Section
	index := map[string]int{}
	here := section(c.Path())
	for _, n := range s.opts.Nav {
		if s.need(c, n.Permission) != nil {
			continue
		}
		i, known := index[n.Section]
		if !known {
			i = len(out)
			index[n.Section] = i
			out = append(out, layout.Section{Text: n.Section, Current: section(n.URL) == here})
		}
		out[i].Items = append(out[i].Items, n.Item)
	}
	return out
}

// section is the first part of a page's path.
func section(path string) string {
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return path
}
