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

const surveyRows = 200_000

// surveyCUR counts values in the first file of a legacy CUR tree.
func surveyCUR(dir string) (words, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*-1.csv.gz"))
	if err != nil || len(files) == 0 {
		return words{}, fmt.Errorf("no report below %s: %w", dir, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		return words{}, err
	}
	defer func() { _ = f.Close() }()
	gz, err := gzip.NewReader(f)
	if err != nil {
		return words{}, err
	}
	r := csv.NewReader(gz)
	r.ReuseRecord = true
	return surveyRecords(r)
}

// surveyRecords counts values in records with a header.
func surveyRecords(r *csv.Reader) (words, error) {
	header, err := r.Read()
	if err != nil {
		return words{}, err
	}
	at := map[string]int{}
	for i, name := range header {
		at[name] = i
	}
	columns := []int{at["product/ProductName"], at["product/sku"], at["product/region"], at["lineItem/UsageType"], at["lineItem/Operation"]}
	const usageType = 3
	counts := make([]map[string]*word, len(columns))
	for i := range counts {
		counts[i] = map[string]*word{}
	}
	quantities := map[string]map[string]bool{}
	var lines int64
	for ; lines < surveyRows; lines++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return words{}, err
		}
		for i, c := range columns {
			countOne(counts[i], record[c])
		}
		differOne(counts[usageType], quantities, record[columns[usageType]], record[at["lineItem/UsageAmount"]])
		tagOne(counts[usageType][record[columns[usageType]]], record[at["resourceTags/user:team"]])
	}
	return words{
		services: byCount(counts[0]), skus: byCount(counts[1]), regions: byCount(counts[2]),
		usageTypes: byCount(counts[usageType]), operations: byCount(counts[4]), many: demoTeams, few: demoEnvironments, lines: lines,
	}, nil
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
