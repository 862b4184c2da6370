package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/platform/doctor"
)

func (e *env) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Looks at database, queue, object store, clock and versions, and says how to mend them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			results, err := app.Doctor(cmd.Context(), cfg, e.err)
			if err != nil {
				return err
			}
			answer := map[string]any{"ok": doctor.OK(results), "parts": results}
			if err := e.print(answer, func(w io.Writer) { printHealth(w, results) }); err != nil {
				return err
			}
			if !doctor.OK(results) {
				return errFailed
			}
			return nil
		},
	}
}

func printHealth(w io.Writer, results []doctor.Result) {
	for _, r := range results {
		mark := "well"
		if !r.OK {
			mark = "ILL "
		}
		fmt.Fprintf(w, "%s  %s: %s\n", mark, r.Name, r.Detail)
		if r.Mend != "" {
			fmt.Fprintf(w, "      %s\n", r.Mend)
		}
	}
}
