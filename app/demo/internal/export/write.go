package export

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// layout gives lines the columns of a format.
type layout interface {
	// header returns the first row of a file of the month with this index.
	header(index int) []byte
	// row appends the line as one record.
	row(b []byte, l *line) []byte
}

// WriteMonth writes one month of p below in.Dir. Equal arguments give equal
// bytes.
func WriteMonth(ctx context.Context, p Payer, in Month) (Written, error) {
	if in.LinesPerFile == 0 {
		in.LinesPerFile = defaultLinesPerFile
	}
	cal := newCalendar(in.Month)
	w := &monthWriter{payer: &p, in: in, cal: cal, scale: amountScale(&p)}
	w.files = files{name: w.path, limit: in.LinesPerFile}
	w.layout = layout(newFOCUSWriter(in, &p, cal))
	if p.Layout == CUR {
		w.layout = newCURWriter(in, &p, cal)
	}
	w.files.header = w.layout.header(in.Index)
	m := &month{
		ctx: ctx, in: in, fleet: newFleet(in.Seed, &p, in.Lines), payer: &p, cal: cal, scale: w.scale,
		rng: newRand(in.Seed, p.ID, in.Month.String(), "usage"), emit: w.line,
	}
	err := m.rows()
	if closeErr := w.files.close(); err == nil {
		err = closeErr
	}
	if err == nil && p.Layout == CUR {
		err = w.manifests()
	}
	if err != nil {
		return Written{}, fmt.Errorf("export %s of %s: %w", in.Month, p.ID, err)
	}
	return w.written(), nil
}

// monthWriter writes lines and adds them up.
type monthWriter struct {
	payer  *Payer
	in     Month
	cal    *calendar
	scale  int
	layout layout
	files  files
	lines  int64

	billed, effective, list, contracted sum
}

func (w *monthWriter) line(l *line) error {
	w.lines++
	w.billed.add(l.billed)
	w.effective.add(l.effective)
	w.list.add(l.list)
	w.contracted.add(l.contracted)
	return w.files.write(func(b []byte) []byte { return w.layout.row(b, l) })
}

func (w *monthWriter) written() Written {
	return Written{
		Lines: w.lines, Bytes: w.files.bytes,
		Billed: w.billed.decimal(w.scale), Effective: w.effective.decimal(w.scale),
		List: w.list.decimal(w.scale), Contracted: w.contracted.decimal(w.scale),
	}
}

// Names of an AWS report inside its bucket.
const (
	reportPrefix = "cur"
	reportName   = "cloud-usage"
)

// assembly is the delivery's id.
func (w *monthWriter) assembly() string {
	return uuidOf(w.in.Seed, "assembly", w.payer.ID, w.in.Month.String())
}

// days is the month as AWS names its folder: 20260301-20260401.
func (w *monthWriter) days() string {
	return w.cal.start.Format("20060102") + "-" + w.in.Month.End().Format("20060102")
}

// path returns where the n-th file lies.
func (w *monthWriter) path(n int) string {
	switch {
	case w.payer.Layout == CUR:
		return filepath.Join(w.in.Dir, reportPrefix, reportName, w.days(), w.assembly(), fmt.Sprintf("%s-%d.csv.gz", reportName, n))
	case w.payer.Provider == "azure":
		last := w.in.Month.End().AddDate(0, 0, -1).Format("20060102")
		return filepath.Join(w.in.Dir, "focus-cost", w.cal.start.Format("20060102")+"-"+last, w.assembly(), fmt.Sprintf("part_%d_0001.csv.gz", n-1))
	}
	return filepath.Join(w.in.Dir, "focus", w.in.Month.String(), fmt.Sprintf("focus-%012d.csv.gz", n-1))
}

// manifest is AWS's description of one assembly.
type manifest struct {
	AssemblyID             string           `json:"assemblyId"`
	Account                string           `json:"account"`
	Columns                []manifestColumn `json:"columns"`
	Charset                string           `json:"charset"`
	Compression            string           `json:"compression"`
	ContentType            string           `json:"contentType"`
	ReportID               string           `json:"reportId"`
	ReportName             string           `json:"reportName"`
	BillingPeriod          manifestPeriod   `json:"billingPeriod"`
	Bucket                 string           `json:"bucket"`
	ReportKeys             []string         `json:"reportKeys"`
	AdditionalArtifactKeys []string         `json:"additionalArtifactKeys"`
}

type manifestColumn struct {
	Category string `json:"category"`
	Name     string `json:"name"`
	Type     string `json:"type"`
}

type manifestPeriod struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// manifests writes the manifest into the folders of the assembly and of the
// month.
func (w *monthWriter) manifests() error {
	const instant = "20060102T150405.000Z"
	m := manifest{
		AssemblyID: w.assembly(), Account: w.payer.ID, Charset: "UTF-8", Compression: "GZIP", ContentType: "text/csv",
		ReportID: uuidOf(w.in.Seed, "report", w.payer.ID), ReportName: reportName, Bucket: "billing-" + w.payer.ID,
		BillingPeriod:          manifestPeriod{w.cal.start.Format(instant), w.in.Month.End().Format(instant)},
		AdditionalArtifactKeys: []string{},
	}
	for _, c := range curColumns(w.payer, curTags(w.in.Index)) {
		category, name, _ := strings.Cut(c, "/")
		kind := curTypes[c]
		if kind == "" {
			kind = "OptionalString"
		}
		m.Columns = append(m.Columns, manifestColumn{category, name, kind})
	}
	for _, p := range w.files.paths {
		key, err := filepath.Rel(w.in.Dir, p)
		if err != nil {
			return err
		}
		m.ReportKeys = append(m.ReportKeys, filepath.ToSlash(key))
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	folder := filepath.Dir(w.path(1))
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := os.WriteFile(filepath.Join(dir, reportName+"-Manifest.json"), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}
