package bench

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Tags of the months that the demo's generator writes.
var (
	demoTeams        = tag{`tags["team"]`, []string{"platform", "payments", "web", "data", "mobile", "research"}}
	demoEnvironments = tag{`tags["environment"]`, []string{"production", "test", "development", "research"}}
)

const surveyRows = 40_000 // of each file

// surveyCUR counts values in a part of each file of a legacy CUR tree.
func surveyCUR(dir string) (words, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*.csv.gz"))
	if err != nil || len(files) == 0 {
		return words{}, fmt.Errorf("no report below %s: %w", dir, err)
	}
	c := newCURCounts()
	for _, name := range files {
		if err := c.file(name); err != nil {
			return words{}, fmt.Errorf("survey %s: %w", name, err)
		}
	}
	return words{
		services: byCount(c.counts[0]), skus: byCount(c.counts[1]), regions: byCount(c.counts[2]),
		usageTypes: byCount(c.counts[curUsageType]), operations: byCount(c.counts[4]), many: demoTeams, few: demoEnvironments, lines: c.lines,
	}, nil
}

// curCounts counts values of records.
type curCounts struct {
	counts     []map[string]*word // by place in curDims
	quantities map[string]map[string]bool
	lines      int64
}

// curDims are the columns whose values are counted.
var curDims = [...]string{"product/ProductName", "product/sku", "product/region", "lineItem/UsageType", "lineItem/Operation"}

const curUsageType = 3 // in curDims

func newCURCounts() *curCounts {
	c := &curCounts{counts: make([]map[string]*word, len(curDims)), quantities: map[string]map[string]bool{}}
	for i := range c.counts {
		c.counts[i] = map[string]*word{}
	}
	return c
}

func (c *curCounts) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	r := csv.NewReader(gz)
	r.ReuseRecord = true
	return c.records(r)
}

func (c *curCounts) records(r *csv.Reader) error {
	header, err := r.Read()
	if err != nil {
		return err
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	for range surveyRows {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c.lines++
		for i, name := range curDims {
			countOne(c.counts[i], record[at[name]])
		}
		usageType := record[at[curDims[curUsageType]]]
		differOne(c.counts[curUsageType], c.quantities, usageType, record[at["lineItem/UsageAmount"]])
		tagOne(c.counts[curUsageType][usageType], record[at["resourceTags/user:team"]])
	}
	return nil
}

// countOne counts one more of text.
func countOne(into map[string]*word, text string) {
	w := into[text]
	if w == nil {
		w = &word{text: string([]byte(text))}
		into[w.text] = w
	}
	w.lines++
}

// tagOne counts one more line of a usage type with this tag.
func tagOne(w *word, value string) {
	if w.tagged == nil {
		w.tagged = map[string]int64{}
	}
	w.tagged[string([]byte(value))]++
}

// differOne notes a quantity of a usage type, of which it looks at the first.
func differOne(into map[string]*word, quantities map[string]map[string]bool, usageType, quantity string) {
	w := into[usageType]
	if w.seen >= differAmong {
		return
	}
	seen := quantities[w.text]
	if seen == nil {
		seen = map[string]bool{}
		quantities[w.text] = seen
	}
	w.seen++
	seen[string([]byte(quantity))] = true
	w.distinct = len(seen)
}
