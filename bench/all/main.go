// Command all runs every bench and prints the figures: lines per second, MB
// per second, peak memory, and what pages take. See bench/run.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tierbook/app/demo"
	"tierbook/app/kernel/period"
	"tierbook/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	program := flag.String("program", "bin/tierbook", "the tierbook program")
	lines := flag.Int64("lines", 4_000_000, "usage lines of the rating bench and of the recalculation")
	importLines := flag.Int64("import-lines", 1_000_000, "usage lines of the import bench")
	flag.Parse()
	if err := run(ctx, os.Stdout, *program, *lines, *importLines); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, program string, lines, importLines int64) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	if err := rating(ctx, w, program, lines); err != nil {
		return err
	}
	if err := imports(ctx, w, program, importLines); err != nil {
		return err
	}
	if err := job(ctx, w, program, lines); err != nil {
		return err
	}
	return pages(ctx, w, program)
}

// pages measures what pages take over the demo, and over large books.
func pages(ctx context.Context, w io.Writer, program string) error {
	for _, args := range [][]string{{"--demo"}, {"--tenants", "10000", "--charges", "1000000"}} {
		cmd := exec.CommandContext(ctx, program, append([]string{"bench", "pages"}, args...)...)
		cmd.Stdout, cmd.Stderr = w, os.Stderr
		if _, err := fmt.Fprintf(w, "\npages, %s\n", strings.Join(args, " ")); err != nil {
			return err
		}
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s bench pages %v: %w", program, args, err)
		}
	}
	return nil
}

// rating measures 20 and 200 rules, each in a process of its own.
func rating(ctx context.Context, w io.Writer, program string, lines int64) error {
	var few float64
	for _, rules := range []int{20, 200} {
		var r bench.RatingResult
		if err := ask(ctx, &r, program, "rating", "--lines", strconv.FormatInt(lines, 10), "--rules", strconv.Itoa(rules)); err != nil {
			return err
		}
		if few == 0 {
			few = r.Seconds
		}
		_, err := fmt.Fprintf(w, "rating, %3d rules, %d edges: %.2f s for %.2f M lines, %.1f M lines/s (%.2f × the time of 20 rules); decoding %.2f s; one by one %.1f s/M; %d classes, %d tuples, %d charges; peak %s\n",
			r.Rules, r.Edges, r.Seconds, float64(r.Lines)/1e6, r.LinesPerSecond/1e6, r.Seconds/few, r.DecodeSeconds, r.PlainSecondsPerMillion, r.Classes, r.Tuples, r.Charges, mb(r.PeakRSSBytes))
		if err != nil {
			return err
		}
	}
	return nil
}

// imports measures the import of a legacy CUR.
func imports(ctx context.Context, w io.Writer, program string, lines int64) error {
	dir, err := os.MkdirTemp("", "tierbook-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	month := period.NewMonth(2026, time.March)
	if _, err := demo.WriteMonth(ctx, demo.MonthOptions{Lines: lines, Month: month, Dir: dir}); err != nil {
		return err
	}
	var r bench.ImportResult
	if err := ask(ctx, &r, program, "import", dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "import, legacy CUR csv.gz: %.2f s for %d rows and %s, %.1f MB/s; peak %s\n",
		r.Seconds, r.Rows, mb(r.BytesUncompressed), r.MBPerSecond, mb(r.PeakRSSBytes))
	return err
}

// job measures a whole recalculation.
func job(ctx context.Context, w io.Writer, program string, lines int64) error {
	r, err := bench.Job(ctx, bench.JobOptions{Program: program, Lines: lines})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "recalculation, %d rules, %d edges: %.2f s for %.2f M lines, the command %.2f s; %d classes, %d tuples, %d charges; peak %s; its import %.1f s, %.1f MB/s, peak %s\n",
		r.Rules, r.Edges, r.Seconds, float64(r.Lines)/1e6, r.CommandSeconds, r.Classes, r.Tuples, r.Charges, mb(r.RecalculatePeakRSSBytes),
		r.ImportSeconds, r.ImportMBPerSecond, mb(r.ImportPeakRSSBytes))
	return err
}

// ask runs «tierbook bench …» and decodes what it answers.
func ask(ctx context.Context, answer any, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, append(append([]string{"bench"}, args...), "--json")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s bench %v: %w", program, args, err)
	}
	return json.Unmarshal(out, answer)
}

func mb(bytes int64) string { return strconv.FormatInt(bytes/1e6, 10) + " MB" }
