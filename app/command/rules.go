package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/modules/contracts"
	"tierbook/rules"
)

func (e *env) rules() *cobra.Command {
	return group("rules", "Pricing expressions", e.rulesEval(), e.rulesCheck())
}

// evalAnswer is an expression's value, or what is wrong with it and where.
type evalAnswer struct {
	Value    *string `json:"value,omitempty"`
	Error    string  `json:"error,omitempty"`
	Position string  `json:"position,omitempty"`
}

func (e *env) rulesEval() *cobra.Command {
	var line string
	cmd := &cobra.Command{
		Use:     "eval EXPR",
		Short:   "Evaluates an expression, on a usage line if one is given",
		Example: `  tierbook rules eval 'round(billed * 1.1, 2)' --line '{"billed": "12.345", "service": "Amazon S3"}'`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			fields, err := parseLine(line)
			if err != nil {
				return usageError{fmt.Errorf("--line is not a JSON object: %w", err)}
			}
			engine, err := app.NewRules()
			if err != nil {
				return err
			}
			value, err := engine.Eval(args[0], fields)
			if err != nil {
				return e.evalFailed(err)
			}
			return e.print(evalAnswer{Value: &value}, func(w io.Writer) { fmt.Fprintln(w, value) })
		},
	}
	cmd.Flags().StringVar(&line, "line", "", "the line's fields as a JSON object")
	return cmd
}

// behindDashes puts an expression that begins with a minus sign, such as -5,
// behind «--»: it is no flag. Words of other commands stay as they are.
func behindDashes(args []string) []string {
	at := slices.Index(args, "eval")
	if at < 1 || args[at-1] != "rules" || slices.Contains(args, "--") {
		return args
	}
	for i := at + 1; i < len(args); i++ {
		word := args[i]
		if word == "--line" || word == "--data-dir" {
			i++ // and its value
			continue
		}
		if len(word) > 1 && word[0] == '-' && word[1] != '-' && word != "-h" {
			return append(slices.Delete(slices.Clone(args), i, i+1), "--", word)
		}
	}
	return args
}

func parseLine(s string) (map[string]any, error) {
	if s == "" {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is more behind the object")
	}
	return fields, nil
}

func (e *env) evalFailed(err error) error {
	answer := evalAnswer{Error: err.Error()}
	if at, ok := errors.AsType[*rules.Error](err); ok {
		answer = evalAnswer{Error: at.Message, Position: at.Position()}
	}
	if !e.json {
		return err
	}
	if err := e.print(answer, nil); err != nil {
		return err
	}
	return errFailed
}

// checkAnswer is what is wrong with a contract file.
type checkAnswer struct {
	OK     bool         `json:"ok"`
	Errors []checkError `json:"errors"`
}

type checkError struct {
	Error    string `json:"error"`
	Position string `json:"position,omitempty"`
}

func (e *env) rulesCheck() *cobra.Command {
	var reseller bool
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Checks a contract file and everything in it without saving",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			engine, err := app.NewRules()
			if err != nil {
				return err
			}
			seller := rules.EdgeFirst
			if reseller {
				seller = rules.EdgeBelow
			}
			_, err = contracts.Check(engine, seller, args[0], text)
			problems, err := problemsOf(err)
			if err != nil {
				return err
			}
			answer := checkAnswer{OK: len(problems) == 0, Errors: []checkError{}}
			for _, p := range problems {
				answer.Errors = append(answer.Errors, checkError{p.String(), fmt.Sprintf("%d:%d", p.Line, p.Column)})
			}
			err = e.print(answer, func(w io.Writer) {
				for _, p := range answer.Errors {
					fmt.Fprintln(w, p.Error)
				}
				if answer.OK {
					fmt.Fprintf(w, "%s is in order.\n", args[0])
				}
			})
			if err == nil && !answer.OK {
				return errFailed
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&reseller, "reseller", false, "the seller is a reseller: its rules know list and cost only")
	return cmd
}
