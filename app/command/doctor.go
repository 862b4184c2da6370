package command

import "github.com/spf13/cobra"

func (e *env) doctor() *cobra.Command { return group("doctor", "x") }
