package tenancy_test

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	view "tierbook/views/tenancy"
)

// Every field has a label of its own, every button says what it does, and
// nothing runs or looks that stands in the page itself.
func TestGallery_Structure(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<script|<style|javascript:|hx-on`)
	for _, s := range view.Gallery() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			if err := s.View.Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			if found := inline.FindString(b.String()); found != "" {
				t.Errorf("%q", found)
			}
			doc, err := html.Parse(strings.NewReader(b.String()))
			if err != nil {
				t.Fatal(err)
			}
			ids, labels, passwords := map[string]int{}, map[string]bool{}, 0
			for n := range doc.Descendants() {
				ids[attr(n, "id")]++
				if n.Data == "label" {
					labels[attr(n, "for")] = true
				}
			}
			for n := range doc.Descendants() {
				switch {
				case n.Data == "input" && attr(n, "type") != "hidden":
					if id := attr(n, "id"); ids[id] != 1 || !labels[id] {
						t.Errorf("the field %s has no label, or its id is not its own", attr(n, "name"))
					}
					if attr(n, "type") == "password" {
						passwords++
						if attr(n, "value") != "" || attr(n, "autocomplete") == "" {
							t.Error("a password is filled in, or managers do not know it")
						}
					}
				case n.Data == "form" && attr(n, "method") != "post":
					t.Errorf("the form to %s sends by %q", attr(n, "action"), attr(n, "method"))
				}
			}
			if passwords == 0 {
				t.Error("no field for a password")
			}
		})
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
