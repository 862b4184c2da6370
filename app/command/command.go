// Package command is Tierbook's command line. A command parses its words,
// calls one service and prints what it answered; it decides nothing about
// billing.
//
// Every command prints text for people, or one JSON object with --json whose
// amounts are strings: plain decimals without exponent or trailing zeros. Exit
// codes: 0 done, 1 failed, 2 wrong usage.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/errs"
	"tierbook/configs"
)

// Exit codes of the process.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError marks an error of the command's words; it ends with exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// failed is the error of a command that has already printed its answer, such
// as a reconciliation that does not hold. It ends with exit code 1.
var errFailed = errors.New("failed")

// env is what every command works with.
type env struct {
	in       io.Reader // nil: standard input
	out, err io.Writer
	load     func() (configs.Config, error)
	json     bool
	dataDir  string
	ask      func() bool // whether somebody can be asked; nil: at terminals
	stopped  bool        // by a signal: whatever failed then is no news
}

// Run executes the command line args and returns the process's exit code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := &env{out: stdout, err: stderr, load: configs.Load}
	return e.run(ctx, args)
}

func (e *env) run(ctx context.Context, args []string) int {
	root := e.root()
	root.SetArgs(behindDashes(args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	e.stopped = ctx.Err() != nil
	e.report(err)
	if isUsage(err) {
		return exitUsage
	}
	return exitFailed
}

// isUsage reports whether err is about the command's own words: a service that
// refuses its input says which fields. What is wrong in a contract's file or a
// rule has no fields.
func isUsage(err error) bool {
	var usage usageError
	return errors.As(err, &usage) || errs.KindOf(err) == errs.Invalid && len(fieldsOf(err)) > 0
}

func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tierbook",
		Short:         "Bills cloud usage down a sales channel, every tier by its own contract",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       app.Version,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see tierbook --help", args[0])}
			}
			return cmd.Help()
		},
	}
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().BoolVar(&e.json, "json", false, "print one JSON object instead of text")
	root.PersistentFlags().StringVar(&e.dataDir, "data-dir", "", "where the private PostgreSQL, segments and exports live (default $TIERBOOK_DATA_DIR or ./var)")
	root.AddCommand(
		e.demo(), e.serve(), e.work(), e.migrate(), e.doctor(),
		e.tenant(), e.user(), e.importUsage(), e.usage(), e.accounts(), e.assign(),
		e.contract(), e.recalc(), e.invoice(), e.finding(), e.reconcile(), e.rules(), e.bench(),
	)
	for _, cmd := range root.Commands() {
		refuseExtraWords(cmd)
	}
	return root
}

// refuseExtraWords turns cobra's argument errors into usage errors, for cmd and
// everything below it.
func refuseExtraWords(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		refuseExtraWords(sub)
	}
}

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see %s --help", cmd.CommandPath()+" "+args[0], cmd.CommandPath())}
			}
			return usageError{fmt.Errorf("%s needs one of its commands: see %s --help", cmd.CommandPath(), cmd.CommandPath())}
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}

// config loads the configuration with the command line's words on top.
func (e *env) config() (configs.Config, error) {
	cfg, err := e.load()
	if err != nil {
		return configs.Config{}, usageError{err}
	}
	if e.dataDir != "" {
		cfg.DataDir = e.dataDir
	}
	return cfg, nil
}

// with opens the application for one command and closes it afterwards. What a
// command does stands in its answer: its log tells only what went wrong, unless
// more is asked for.
func (e *env) with(ctx context.Context, do func(ctx context.Context, a *app.App) error) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if cfg.Log.Level == "info" {
		cfg.Log.Level = "warn"
	}
	return e.open(ctx, cfg, do)
}

// withLog is with for servers, whose log is their answer.
func (e *env) withLog(ctx context.Context, do func(ctx context.Context, a *app.App) error) error {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	return e.open(ctx, cfg, do)
}

func (e *env) open(ctx context.Context, cfg configs.Config, do func(ctx context.Context, a *app.App) error) (err error) {
	a, err := app.Open(ctx, cfg, e.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return do(ctx, a)
}

// report prints why a command ended without its answer.
func (e *env) report(err error) {
	if errors.Is(err, errFailed) {
		return
	}
	if errors.Is(err, context.Canceled) || e.stopped {
		fmt.Fprintln(e.err, "tierbook: stopped")
		return
	}
	if e.json {
		_ = json.NewEncoder(e.out).Encode(map[string]any{"error": err.Error()})
	}
	fmt.Fprintln(e.err, "tierbook:", err)
	if errs.KindOf(err) != errs.Invalid {
		return
	}
	fields := fieldsOf(err)
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if message := fields[field]; !strings.Contains(err.Error(), message) {
			fmt.Fprintf(e.err, "  %s: %s\n", field, message)
		}
	}
}

func fieldsOf(err error) map[string]string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Fields
	}
	return nil
}

// print writes the answer: v as JSON with --json, else what text writes.
func (e *env) print(v any, text func(w io.Writer)) error {
	if !e.json {
		text(e.out)
		return nil
	}
	enc := json.NewEncoder(e.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
