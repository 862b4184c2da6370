package command

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tierbook/app"
	"tierbook/app/kernel/errs"
	"tierbook/app/kernel/id"
	"tierbook/modules/tenancy"
)

func (e *env) user() *cobra.Command {
	return group("user", "People who sign in", e.userCreate(), e.userPassword(),
		e.userSwitch("disable", "Keeps a user from signing in and ends their sessions", "is disabled", (*tenancy.Service).DisableUser),
		e.userSwitch("enable", "Lets a disabled user sign in again", "may sign in again", (*tenancy.Service).EnableUser))
}

// passwordAnswer is a user with a password that was made up; "" where it came
// from standard input.
type passwordAnswer struct {
	Email    string `json:"email"`
	Password string `json:"password,omitempty"`
}

func (e *env) userCreate() *cobra.Command {
	var tenant, email, name string
	var roles []string
	var stdin bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Creates a user of a tenant, with roles there",
		Long: "Creates a user of a tenant, with roles there. The password is made up and printed once,\n" +
			"or read from standard input with --password-stdin.",
		Example: "  tierbook user create --tenant harbour --email grace@harbour.example --name \"Grace Okafor\" --role finance",
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, made, err := newPassword(cmd, stdin)
			if err != nil {
				return err
			}
			return e.with(cmd.Context(), func(ctx context.Context, a *app.App) error {
				t, ctx, err := e.act(ctx, a, tenant)
				if err != nil {
					return err
				}
				u, err := a.Tenancy.CreateUser(ctx, tenancy.CreateUserInput{Tenant: t.ID, Email: email, Name: name, Password: password, Roles: roles})
				if err != nil {
					return err
				}
				return e.printPassword(fmt.Sprintf("Created %s at %s", u.Email, t.Name), u.Email, made)
			})
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "slug of the tenant that the user belongs to")
	cmd.Flags().StringVar(&email, "email", "", "the address to sign in with")
	cmd.Flags().StringVar(&name, "name", "", "the user's name")
	cmd.Flags().StringSliceVar(&roles, "role", nil, "a role at the tenant, such as finance; may be given several times")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	required(cmd, "tenant", "email", "name", "role")
	return cmd
}

func (e *env) userPassword() *cobra.Command {
	var email string
	var stdin bool
	cmd := &cobra.Command{
		Use:   "password",
		Short: "Gives a user a new password and ends their sessions",
		Long: "Gives a user a new password and ends their sessions. The password is made up and printed once,\n" +
			"or read from standard input with --password-stdin.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			password, made, err := newPassword(cmd, stdin)
			if err != nil {
				return err
			}
			return e.withUser(cmd.Context(), email, func(ctx context.Context, a *app.App, u tenancy.User) error {
				if err := a.Tenancy.SetPassword(ctx, tenancy.SetPasswordInput{User: u.ID, Password: password}); err != nil {
					return err
				}
				return e.printPassword(u.Email+" has a new password", u.Email, made)
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "the user's address")
	cmd.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	required(cmd, "email")
	return cmd
}

// userSwitch is a command that does one thing to a user.
func (e *env) userSwitch(use, short, done string, do func(*tenancy.Service, context.Context, id.User) error) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.withUser(cmd.Context(), email, func(ctx context.Context, a *app.App, u tenancy.User) error {
				if err := do(a.Tenancy, ctx, u.ID); err != nil {
					return err
				}
				return e.print(passwordAnswer{Email: u.Email}, func(w io.Writer) { fmt.Fprintf(w, "%s %s.\n", u.Email, done) })
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "the user's address")
	required(cmd, "email")
	return cmd
}

// withUser finds the user with an address, of whichever tree, and calls do
// acting as its distributor.
func (e *env) withUser(ctx context.Context, email string, do func(ctx context.Context, a *app.App, u tenancy.User) error) error {
	return e.with(ctx, func(ctx context.Context, a *app.App) error {
		found := false
		err := e.eachTree(ctx, a, func(ctx context.Context, _ tenancy.Tenant) error {
			u, err := a.Tenancy.User(ctx, email)
			if errors.Is(err, tenancy.ErrUserNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			found = true
			return do(ctx, a, u)
		})
		if err == nil && !found {
			return errs.Newf(errs.NotFound, "command.no_user", "there is no user %q", email)
		}
		return err
	})
}

// newPassword reads a password from standard input, or makes one up; made is ""
// for one that was read.
func newPassword(cmd *cobra.Command, stdin bool) (password, made string, err error) {
	if !stdin {
		made = rand.Text()
		return made, made, nil
	}
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", "", fmt.Errorf("read the password: %w", err)
	}
	password = strings.TrimRight(line, "\r\n")
	if password == "" {
		return "", "", usageError{errors.New("standard input holds no password")}
	}
	return password, "", nil
}

func (e *env) printPassword(done, email, made string) error {
	return e.print(passwordAnswer{Email: email, Password: made}, func(w io.Writer) {
		if made == "" {
			fmt.Fprintf(w, "%s.\n", done)
			return
		}
		fmt.Fprintf(w, "%s. The password, which is not shown again: %s\n", done, made)
	})
}
