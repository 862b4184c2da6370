package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tierbook/app/demo"
	"tierbook/app/kernel/period"
	"tierbook/rules"
)

// JobOptions size the bench of a whole recalculation.
type JobOptions struct {
	Program string // the tierbook binary
	Lines   int64  // about; 0 is 4 million
	Rules   int    // rules on each edge; 0 is 20
	Dir     string // where everything is made, and removed afterwards; "" is the system's temporary directory
}

// JobResult is what the bench of a whole recalculation found.
type JobResult struct {
	Lines                   int64   `json:"lines"`
	Rules                   int     `json:"rules"`
	Edges                   int     `json:"edges"`
	Charges                 int64   `json:"charges"`
	Classes                 int64   `json:"classes"`
	Tuples                  int64   `json:"tuples"`
	ImportSeconds           float64 `json:"import_seconds"`
	ImportMBPerSecond       float64 `json:"import_mb_per_second"`
	ImportPeakRSSBytes      int64   `json:"import_peak_rss_bytes"`
	Seconds                 float64 `json:"seconds"`         // of the job: taken from the queue until its charges are published
	CommandSeconds          float64 `json:"command_seconds"` // of «tierbook recalc --wait», start and stop and period runs included
	RecalculatePeakRSSBytes int64   `json:"recalculate_peak_rss_bytes"`
}

var jobMonth = period.NewMonth(2026, time.March)

// Job takes a large customer's month through the program: written as a legacy
// CUR, imported, assigned, priced by n rules on each of two edges. What it
// reports of memory is each command's own peak, without PostgreSQL.
func Job(ctx context.Context, opts JobOptions) (r JobResult, err error) {
	o := Options{Lines: opts.Lines, Rules: opts.Rules}.withDefaults()
	dir, err := os.MkdirTemp(opts.Dir, "tierbook-job-")
	if err != nil {
		return JobResult{}, fmt.Errorf("bench job: %w", err)
	}
	j := &job{program: opts.Program, dir: dir}
	defer func() {
		err = errors.Join(err, os.RemoveAll(dir))
		if err != nil {
			err = fmt.Errorf("bench job: %w", err)
		}
	}()
	// The private PostgreSQL runs as another user, who has to reach its files;
	// elsewhere they would outlive the bench.
	if err := os.Chmod(dir, 0o711); err != nil {
		return JobResult{}, err
	}
	exports := filepath.Join(dir, "exports")
	total, err := demo.WriteMonth(ctx, demo.MonthOptions{Lines: o.Lines, Month: jobMonth, Dir: exports})
	if err != nil {
		return JobResult{}, err
	}
	stop, err := j.hold(ctx)
	if err != nil {
		return JobResult{}, err
	}
	defer stop()
	r = JobResult{Lines: total.Lines, Rules: o.Rules, Edges: 2}
	for _, step := range []func() error{
		func() error { return j.tenants(ctx) },
		func() error { return j.load(ctx, exports, &r) },
		func() error { return j.contracts(ctx, exports, o.Rules) },
		func() error { return j.recalculate(ctx, &r) },
	} {
		if err := step(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// job drives the program in a data directory of its own.
type job struct {
	program string
	dir     string
}

// hold runs a server beside the commands, so that the private PostgreSQL does
// not start and stop with each of them. stop ends it.
func (j *job) hold(ctx context.Context) (stop func(), err error) {
	cmd := j.command(ctx, "serve")
	cmd.Env = append(cmd.Env, "TIERBOOK_WEB_LISTEN=127.0.0.1:0", "TIERBOOK_METRICS_LISTEN=127.0.0.1:0")
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}, nil
}

func (j *job) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, j.program, args...)
	cmd.Env = append(os.Environ(), "TIERBOOK_DATA_DIR="+filepath.Join(j.dir, "data"))
	cmd.WaitDelay = time.Minute
	return cmd
}

// run runs one command to its end and decodes its JSON into answer. It returns
// how long that took and the command's peak of memory.
func (j *job) run(ctx context.Context, answer any, args ...string) (time.Duration, int64, error) {
	cmd := j.command(ctx, append(args, "--json")...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	elapsed := stopwatch()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	took := elapsed()
	if err != nil {
		return 0, 0, fmt.Errorf("tierbook %s: %w: %s%s", strings.Join(args, " "), err, problems.Bytes(), out.Bytes())
	}
	if answer != nil {
		if err := json.Unmarshal(out.Bytes(), answer); err != nil {
			return 0, 0, fmt.Errorf("tierbook %s: %w", strings.Join(args, " "), err)
		}
	}
	return took, peak(), nil
}

// watchPeak looks at a process until it has ended; the function it returns
// tells the last peak that was seen.
func watchPeak(process int) func() int64 {
	found := make(chan int64, 1)
	go func() {
		var peak int64
		for {
			now := PeakRSS(strconv.Itoa(process))
			if now == 0 {
				found <- peak
				return
			}
			peak = max(peak, now)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return func() int64 { return <-found }
}

// Slugs of the bench's tenants.
const (
	jobDistributor = "load-distributor"
	jobReseller    = "load-reseller"
	jobCustomer    = "load-customer"
)

func (j *job) tenants(ctx context.Context) error {
	for _, t := range [][3]string{
		{"distributor", jobDistributor, ""}, {"reseller", jobReseller, jobDistributor}, {"customer", jobCustomer, jobReseller},
	} {
		args := []string{"tenant", "create", "--tier", t[0], "--name", t[1], "--slug", t[1]}
		if t[2] != "" {
			args = append(args, "--parent", t[2])
		}
		if _, _, err := j.run(ctx, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// load imports the month and gives all of its accounts to the customer.
func (j *job) load(ctx context.Context, exports string, r *JobResult) error {
	var imported struct {
		RowsStored        int64 `json:"rows_stored"`
		BytesUncompressed int64 `json:"bytes_uncompressed"`
	}
	took, peak, err := j.run(ctx, &imported, "import", "--tenant", jobDistributor, "--url", "file://"+exports)
	if err != nil {
		return err
	}
	if imported.RowsStored != r.Lines {
		return fmt.Errorf("the import stored %d of %d rows", imported.RowsStored, r.Lines)
	}
	r.ImportSeconds, r.ImportPeakRSSBytes = took.Seconds(), peak
	r.ImportMBPerSecond = perSecond(float64(imported.BytesUncompressed)/1e6, took)
	var list struct {
		Accounts []struct {
			Account string `json:"account"`
		} `json:"accounts"`
	}
	if _, _, err := j.run(ctx, &list, "accounts"); err != nil {
		return err
	}
	for _, a := range list.Accounts {
		args := []string{"assign", "--account", a.Account, "--customer", jobCustomer, "--from", jobMonth.String()}
		if _, _, err := j.run(ctx, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// contracts applies n rules to each edge.
func (j *job) contracts(ctx context.Context, exports string, n int) error {
	w, err := surveyCUR(exports)
	if err != nil {
		return err
	}
	sellers := []string{jobDistributor, jobReseller, jobCustomer}
	for edge, terms := range ruleSets(w, n) {
		path := filepath.Join(j.dir, sellers[edge]+".yaml")
		if err := writeContract(path, sellers[edge], sellers[edge+1], terms); err != nil {
			return err
		}
		if _, _, err := j.run(ctx, nil, "contract", "apply", path); err != nil {
			return err
		}
	}
	return nil
}

// writeContract writes a contract as code; JSON is YAML too.
func writeContract(path, seller, buyer string, terms rules.Terms) error {
	text, err := json.Marshal(struct {
		Seller string       `json:"seller"`
		Buyer  string       `json:"buyer"`
		Name   string       `json:"name"`
		Starts period.Month `json:"starts"`
		rules.Terms
	}{seller, buyer, "Load", jobMonth, terms})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func (j *job) recalculate(ctx context.Context, r *JobResult) error {
	var answer struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Run    struct {
			Lines   int64       `json:"lines"`
			Classes int64       `json:"classes"`
			Tuples  int64       `json:"tuples"`
			Charges int64       `json:"charges"`
			Seconds json.Number `json:"seconds"`
		} `json:"run"`
	}
	took, peak, err := j.run(ctx, &answer, "recalc", "--customer", jobCustomer, "--period", jobMonth.String(), "--reason", "bench", "--wait")
	if err != nil {
		return err
	}
	if answer.Run.Lines != r.Lines {
		return fmt.Errorf("the run (%s: %s) priced %d of %d lines", answer.Status, answer.Error, answer.Run.Lines, r.Lines)
	}
	r.Charges, r.Classes, r.Tuples = answer.Run.Charges, answer.Run.Classes, answer.Run.Tuples
	r.CommandSeconds, r.RecalculatePeakRSSBytes = took.Seconds(), peak
	r.Seconds, err = answer.Run.Seconds.Float64()
	return err
}
