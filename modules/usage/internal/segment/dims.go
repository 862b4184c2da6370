package segment

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"tierbook/modules/usage/internal/line"
	"tierbook/rules"
)

// columnOf tells which column a dimension of rules is.
var columnOf = [rules.NumDims]line.Column{
	rules.DimProvider: line.XProvider, rules.DimPayer: line.BillingAccountId, rules.DimAccount: line.XAccount,
	rules.DimPublisher: line.PublisherName, rules.DimService: line.ServiceName, rules.DimCategory: line.ServiceCategory,
	rules.DimSKU: line.SkuId, rules.DimRegion: line.RegionId, rules.DimZone: line.AvailabilityZone,
	rules.DimUsageType: line.XUsageType, rules.DimOperation: line.XOperation, rules.DimLineItemType: line.XLineItemType,
	rules.DimChargeCategory: line.ChargeCategory, rules.DimChargeClass: line.ChargeClass,
	rules.DimChargeDescription: line.ChargeDescription, rules.DimResource: line.ResourceId,
	rules.DimMarketplace: line.XMarketplace, rules.DimCommitmentRole: line.XCommitmentRole,
	rules.DimCommitmentType: line.CommitmentDiscountType, rules.DimCommitmentID: line.CommitmentDiscountId,
	rules.DimUnit: line.PricingUnit, rules.DimTags: line.Tags, rules.DimDate: line.XDate,
	rules.DimPeriod: line.XPeriod, rules.DimServiceMonth: line.XServiceMonth, rules.DimCurrency: line.BillingCurrency,
	rules.DimHasListPrice: line.ListUnitPrice, // see listPrices
}

var errLayout = errors.New("the segment is not laid out as segments are")

// pageReader reads the pages of one column of a row group in turn.
type pageReader struct {
	pages *parquet.FilePages
	page  parquet.Page
	rows  int // of the page that were not taken yet
	at    int // rows taken
	value int // values taken; less than at after NULLs
	nulls bool
	bytes []byte // of the column, as they lie in the file; used again
}

// next makes sure that there are rows to take; io.EOF at the end.
func (p *pageReader) next() error {
	for p.rows == 0 {
		parquet.Release(p.page)
		var err error
		if p.page, err = p.pages.ReadPage(); err != nil {
			return err
		}
		p.at, p.value, p.rows = 0, 0, int(p.page.NumRows())
		p.nulls = p.page.NumNulls() > 0
	}
	return nil
}

// take returns the positions of n rows: levels tells which are NULL, nil if
// none is; the values of the others are those from value to value + count.
func (p *pageReader) take(n int) (levels []byte, value, count int) {
	value, count = p.value, n
	if p.nulls {
		levels = p.page.DefinitionLevels()[p.at : p.at+n]
		for _, l := range levels {
			count -= 1 - int(l)
		}
	}
	p.at, p.rows, p.value = p.at+n, p.rows-n, p.value+count
	return levels, value, count
}

func (p *pageReader) close() {
	if p.pages != nil {
		parquet.Release(p.page)
		_ = p.pages.Close()
	}
	*p = pageReader{bytes: p.bytes}
}

// open finds the pages of a column of a row group.
func (p *pageReader) open(o *opened, r io.ReaderAt, group, column int) (err error) {
	p.close()
	p.pages, p.bytes, err = o.pages(r, group, column, p.bytes)
	return err
}

// dimReader reads a text column as dictionary indexes.
type dimReader struct {
	pageReader
	dict   *rules.Dict
	buffer []uint32
}

// open reads the dictionary. A column of one value needs no more: its dict
// then has one entry, and there are no pages.
func (d *dimReader) open(o *opened, r io.ReaderAt, group int, c line.Column) error {
	d.close()
	column := o.texts[c]
	meta := &o.file.Metadata().RowGroups[group].Columns[column].MetaData
	if meta.Statistics.NullCount == meta.NumValues {
		d.dict = &rules.Dict{Values: []string{""}}
		return nil
	}
	if err := d.pageReader.open(o, r, group, column); err != nil {
		return fmt.Errorf("column %s: %w", c, err)
	}
	dictionary, err := d.pages.ReadDictionary()
	if err != nil {
		return fmt.Errorf("column %s: %w", c, err)
	}
	if dictionary == nil {
		return fmt.Errorf("column %s: %w", c, errLayout)
	}
	data := dictionary.Page().Data()
	bytes, offsets := data.ByteArray()
	text := string(bytes)
	values := make([]string, dictionary.Len(), dictionary.Len()+1)
	for i := range values {
		values[i] = text[offsets[i]:offsets[i+1]]
	}
	if meta.Statistics.NullCount > 0 {
		values = append(values, "")
	}
	d.dict = &rules.Dict{Values: values}
	if len(values) == 1 {
		d.pageReader.close()
	}
	return nil
}

// read returns the next n rows, which lie in one page.
func (d *dimReader) read(n int) ([]uint32, error) {
	if d.page.Dictionary() == nil {
		return nil, errLayout
	}
	levels, value, count := d.take(n)
	data := d.page.Data()
	ids := data.Uint32()[value : value+count]
	null := uint32(len(d.dict.Values) - 1)
	for _, id := range ids {
		if id > null {
			return nil, errLayout
		}
	}
	if levels == nil {
		return ids, nil
	}
	if d.dict.Values[null] != "" {
		return nil, errLayout
	}
	d.buffer = grow(d.buffer, n)
	i := 0
	for row, l := range levels {
		if l == 0 {
			d.buffer[row] = null
			continue
		}
		d.buffer[row] = ids[i]
		i++
	}
	return d.buffer, nil
}

// listPrices returns a dictionary of unit prices as rules.DimHasListPrice has
// it: only whether there is one.
func listPrices(prices *rules.Dict) *rules.Dict {
	values := make([]string, len(prices.Values))
	for i, price := range prices.Values {
		values[i] = strconv.FormatBool(price != "")
	}
	return &rules.Dict{Values: values}
}

// grow returns s with n elements, whatever they hold.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
