package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tierbook/modules/usage/synthetic"
	"tierbook/rules"
)

// words are the values that conditions are made of, the most frequent first.
type words struct {
	services, skus, regions, usageTypes, operations []word
	many, few                                       tag // two tags, with many and with few values
	lines                                           int64
}

// Tags of the synthetic usage.
var (
	costCentres  = tag{`tags["cost_centre"]`, []string{"1010", "1020", "1030", "1040", "1050", "1060", "2010", "2020", "2030", "3010", "3020", "4010", "4020", "5010", "6010", "7010", "9990"}}
	environments = tag{`tags["env"]`, []string{"prod", "stage", "test", "dev"}}
)

// word is a value of a dimension.
type word struct {
	text     string
	lines    int64
	distinct int              // how many different quantities a part of its lines has
	seen     int              // how large that part is
	tagged   map[string]int64 // usage types: lines by value of the tag with many values
}

// metered reports whether the lines have quantities that do not repeat.
func (w word) metered() bool { return w.distinct*2 > w.seen && w.seen > 1 }

// survey counts the values of the dimensions that rules have conditions over.
func survey(ctx context.Context, usage *synthetic.Source) (words, error) {
	need := rules.Need{
		Dims:     []rules.Dim{rules.DimService, rules.DimSKU, rules.DimRegion, rules.DimUsageType, rules.DimOperation, rules.DimTags},
		Measures: []rules.Measure{rules.MeasureQuantity},
	}
	counts := make([]map[string]*word, len(need.Dims))
	for i := range counts {
		counts[i] = map[string]*word{}
	}
	var lines int64
	quantities := map[string]map[int64]bool{}
	err := usage.Scan(ctx, need, 1, func(_ int, b *rules.Batch) error {
		lines += int64(b.Rows)
		for i, d := range need.Dims {
			count(counts[i], &b.Dims[d], b.Rows)
		}
		usageTypes := counts[slices.Index(need.Dims, rules.DimUsageType)]
		differ(usageTypes, quantities, b)
		return countTags(usageTypes, b)
	})
	if err != nil {
		return words{}, err
	}
	return words{
		services: byCount(counts[0]), skus: byCount(counts[1]), regions: byCount(counts[2]),
		usageTypes: byCount(counts[3]), operations: byCount(counts[4]), many: costCentres, few: environments, lines: lines,
	}, nil
}

// count adds how often each value of a column occurs.
func count(into map[string]*word, c *rules.DimColumn, n int) {
	perID := make([]int64, len(c.Dict.Values))
	if c.IDs == nil {
		perID[0] = int64(n)
	}
	for _, id := range c.IDs {
		perID[id]++
	}
	for id, lines := range perID {
		if lines == 0 {
			continue
		}
		text := c.Dict.Values[id]
		if into[text] == nil {
			into[text] = &word{text: text}
		}
		into[text].lines += lines
	}
}

// countTags counts the lines of each usage type by cost centre.
func countTags(into map[string]*word, b *rules.Batch) error {
	types, tags := &b.Dims[rules.DimUsageType], &b.Dims[rules.DimTags]
	centres := make([]string, len(tags.Dict.Values))
	for i, text := range tags.Dict.Values {
		if text == "" {
			continue
		}
		var t struct {
			CostCentre string `json:"cost_centre"`
		}
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			return err
		}
		centres[i] = t.CostCentre
	}
	for row := range b.Rows {
		w := into[valueAt(types, row)]
		if w.tagged == nil {
			w.tagged = map[string]int64{}
		}
		if tags.IDs == nil {
			w.tagged[centres[0]]++
		} else {
			w.tagged[centres[tags.IDs[row]]]++
		}
	}
	return nil
}

// valueAt returns a line's text.
func valueAt(c *rules.DimColumn, row int) string {
	if c.IDs == nil {
		return c.Dict.Values[0]
	}
	return c.Dict.Values[c.IDs[row]]
}

const differAmong = 300 // lines of a usage type that differ looks at

// differ counts different quantities among the first lines of each usage type.
func differ(into map[string]*word, quantities map[string]map[int64]bool, b *rules.Batch) {
	c, q := &b.Dims[rules.DimUsageType], &b.Measures[rules.MeasureQuantity]
	if len(q.Ints) == 0 {
		return
	}
	for row := range b.Rows {
		text := valueAt(c, row)
		w := into[text]
		if w.seen >= differAmong {
			continue
		}
		if quantities[text] == nil {
			quantities[text] = map[int64]bool{}
		}
		w.seen++
		quantities[text][q.Ints[row]] = true
		w.distinct = len(quantities[text])
	}
}

func byCount(m map[string]*word) []word {
	out := make([]word, 0, len(m))
	for _, w := range m {
		if w.text != "" {
			out = append(out, *w)
		}
	}
	slices.SortFunc(out, func(a, b word) int {
		return cmp.Or(cmp.Compare(b.lines, a.lines), strings.Compare(a.text, b.text))
	})
	return out
}
