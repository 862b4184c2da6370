package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/period"
)

// ErrOtherDemo says that the directory holds a demo with other options.
var ErrOtherDemo = errs.New(errs.FailedPrecondition, "demo.other", "There already is a demo with other options in this data directory: choose another directory, or leave the options out.")

// state is what a demo remembers beside its exports.
type state struct {
	Seed    uint64       `json:"seed"`
	Lines   int64        `json:"lines"`
	Months  int          `json:"months"`
	Now     period.Month `json:"now"`
	AWS     Format       `json:"aws"`
	Exports *Exports     `json:"exports,omitempty"` // once they are written
	Done    bool         `json:"done"`
}

const stateFile = "demo.json"

// resume returns the state below opts.Dir and the options that it was made
// with; without one, a new state for opts.
//
// Errors: ErrOtherDemo.
func resume(opts Options) (state, Options, error) {
	var st state
	text, err := os.ReadFile(filepath.Join(opts.Dir, stateFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		opts = opts.withDefaults()
		return state{Seed: opts.Seed, Lines: opts.Lines, Months: opts.Months, Now: opts.Now, AWS: opts.AWS}, opts, nil
	case err != nil:
		return state{}, Options{}, fmt.Errorf("read demo state: %w", err)
	}
	if err := json.Unmarshal(text, &st); err != nil {
		return state{}, Options{}, fmt.Errorf("read demo state: %w", err)
	}
	if opts.Seed != 0 && opts.Seed != st.Seed || opts.Lines != 0 && opts.Lines != st.Lines || opts.Months != 0 && opts.Months != st.Months ||
		opts.AWS != "" && opts.AWS != st.AWS {
		return state{}, Options{}, ErrOtherDemo
	}
	return st, Options{Seed: st.Seed, Lines: st.Lines, Months: st.Months, Now: st.Now, AWS: st.AWS, Dir: opts.Dir}, nil
}

// save writes the state, whole or not at all.
func (st state) save(dir string) error {
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return fmt.Errorf("save demo state: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save demo state: %w", err)
	}
	path := filepath.Join(dir, stateFile)
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return fmt.Errorf("save demo state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("save demo state: %w", err)
	}
	return nil
}
