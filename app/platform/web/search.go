package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"tierbook/app/kernel/routes"
	"tierbook/views/layout"
)

// Searcher finds things by what people call them. It answers nothing, without
// an error, where the scope may not look.
type Searcher interface {
	Search(ctx context.Context, text string, limit int) ([]layout.Hit, error)
}

// hitsEach is how many things of one kind a search shows.
const hitsEach = 6

// search asks all searchers, and the menu for pages.
func (s *Server) search(c *fiber.Ctx) error {
	query := strings.TrimSpace(c.Query("q"))
	var hits []layout.Hit
	if query != "" {
		for _, searcher := range s.opts.Search {
			found, err := searcher.Search(c.UserContext(), query, hitsEach)
			if err != nil {
				return err
			}
			hits = append(hits, found...)
		}
		hits = append(hits, s.pages(c, query)...)
	}
	return Page(c, layout.Head{Title: "Search", Narrow: true}, layout.SearchPage(query, hits),
		Part{layout.SearchResultsID, layout.SearchResults(query, hits)})
}

// pages finds menu entries whose words begin with the query.
func (s *Server) pages(c *fiber.Ctx, query string) []layout.Hit {
	var out []layout.Hit
	query = strings.ToLower(query)
	for _, section := range s.menu(c) {
		for _, item := range section.Items {
			if strings.Contains(strings.ToLower(item.Text), query) {
				out = append(out, layout.Hit{Kind: "Page", Title: item.Text, Sub: section.Text, URL: item.URL})
			}
		}
	}
	if strings.Contains("profile", query) {
		out = append(out, layout.Hit{Kind: "Page", Title: "Profile", URL: routes.Profile})
	}
	return out
}
