package gallery_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tierbook/static"
	"tierbook/views/gallery"
)

// What a content policy without inline code forbids never leaves a component,
// nor does code; every icon exists, every field has a label, and no state asks a server that
// does not know it for the next.
func TestAll(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<script|<style|javascript:|hx-on`)
	icons := regexp.MustCompile(`icons\.[0-9a-f]*\.?svg#([a-z0-9-]+)`)
	unmeant := regexp.MustCompile(`@[a-z]*\.?[A-Za-z]+\(`) // a component's call in the midst of a text is text to templ
	asks := regexp.MustCompile(`hx-trigger="[^"]*(every|load)`)
	for _, g := range gallery.All() {
		seen := map[string]bool{}
		for _, s := range g.States {
			name := g.Name + ": " + s.Name
			if seen[s.Name] {
				t.Errorf("%s is there twice", name)
			}
			seen[s.Name] = true
			var b strings.Builder
			if err := s.View.Render(t.Context(), &b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, rule := range []*regexp.Regexp{forbidden, unmeant, asks} {
				if found := rule.FindString(b.String()); found != "" {
					t.Errorf("%s: %q", name, found)
				}
			}
			for _, m := range icons.FindAllStringSubmatch(b.String(), -1) {
				if !static.HasIcon(m[1]) {
					t.Errorf("%s: there is no icon %s", name, m[1])
				}
			}
			for _, field := range unlabelled(t, b.String()) {
				t.Errorf("%s: the field %s has no label", name, field)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s shows nothing", g.Name)
		}
	}
}

// A label names the field in it and the one that it is for, and no other; a
// word is no label.
func TestUnlabelled(t *testing.T) {
	t.Parallel()
	for part, want := range map[string][]string{
		`<label for="a">A</label><input id="a" name="a">`:             nil,
		`<label>A <input name="a"></label>`:                           nil,
		`<input name="a" aria-label="A">`:                             nil,
		`<input name="a" type="hidden">`:                              nil,
		`<label for="b">B</label><input id="a" name="a">`:             {"a"},
		`<label>B <input name="b"></label><select name="a"></select>`: {"a"},
		`<span>label</span><textarea name="a"></textarea>`:            {"a"},
		`<p>select</p>`: nil,
	} {
		if got := unlabelled(t, part); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", part, got, want)
		}
	}
}

// unlabelled returns the fields of a page's part that nothing names.
func unlabelled(t *testing.T, part string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(part))
	if err != nil {
		t.Fatal(err)
	}
	labelled := map[string]bool{}
	for n := range doc.Descendants() {
		if isElement(n, "label") {
			labelled[attribute(n, "for")] = true
		}
	}
	delete(labelled, "") // a label without it names what is in it
	var out []string
	for n := range doc.Descendants() {
		isField := isElement(n, "input") && attribute(n, "type") != "hidden" || isElement(n, "select") || isElement(n, "textarea")
		if isField && attribute(n, "aria-label") == "" && !labelled[attribute(n, "id")] && !inLabel(n) {
			out = append(out, attribute(n, "name"))
		}
	}
	return out
}

// isElement reports whether n is an element of that name, and not its text.
func isElement(n *html.Node, name string) bool { return n.Type == html.ElementNode && n.Data == name }

func inLabel(n *html.Node) bool {
	for up := range n.Ancestors() {
		if isElement(up, "label") {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
