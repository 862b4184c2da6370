package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tierbook/app"
)

func (e *env) serve() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answers requests (TIERBOOK_WEB_LISTEN) until it is stopped",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withLog(cmd.Context(), func(ctx context.Context, a *app.App) error {
				return a.RunServer(ctx, e.listening)
			})
		},
	}
}

func (e *env) listening(url string) { fmt.Fprintf(e.err, "Listening on %s (Ctrl-C stops)\n", url) }

func (e *env) work() *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Carries out recalculations from the queue until it is stopped; any number may run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withLog(cmd.Context(), func(ctx context.Context, a *app.App) error {
				fmt.Fprintln(e.err, "Working on the queue (Ctrl-C stops)")
				return a.RunWorker(ctx)
			})
		},
	}
}

func (e *env) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Brings the database's schema and roles up to date",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			if err := app.Migrate(cmd.Context(), cfg, e.err); err != nil {
				return err
			}
			return e.print(map[string]bool{"ok": true}, func(w io.Writer) { fmt.Fprintln(w, "The database is up to date.") })
		},
	}
}
