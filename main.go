// Tierbook bills cloud usage down a sales channel: from a distributor over
// resellers to end customers, every tier by its own contract.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"tierbook/app/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
