package command

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// isInteractive reports whether somebody sits at a terminal who can be asked:
// both what is read and what is written go there.
func (e *env) isInteractive() bool {
	if e.ask != nil {
		return e.ask()
	}
	return isTerminal(e.stdin()) && isTerminal(e.out)
}

func (e *env) stdin() io.Reader {
	if e.in == nil {
		return os.Stdin
	}
	return e.in
}

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// confirm asks a question whose answer is no unless it is yes.
func (e *env) confirm(question string) bool {
	fmt.Fprint(e.err, question, " [y/N] ")
	answer, _ := bufio.NewReader(e.stdin()).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}
