package rules

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	exprcheck "github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

const (
	maxSource  = 16 << 10 // characters of an expression
	maxNodes   = 5000     // parts of an expression
	maxLiteral = 100      // digits of a number in an expression
)

// expression is a checked and compiled text.
type expression struct {
	root   ast.Node // rewritten: see checker
	kinds  map[ast.Node]kind
	env    *environment
	source file.Source
	config *conf.Config

	program *vm.Program
	tags    []string // keys that are read, in order, each once
	fees    []string // earlier fees that are read
}

// compilers compile expressions with a set of functions. They are immutable.
type compilers struct {
	functions map[string]function
	table     conf.FunctionsTable
}

func newCompilers(schedules map[string]Schedule) *compilers {
	c := &compilers{functions: map[string]function{}, table: conf.FunctionsTable{}}
	for _, f := range functions(schedules) {
		c.functions[f.name] = f
		kinds := make([]kind, len(f.params))
		for i, p := range f.params {
			kinds[i] = p.kind
		}
		open := slices.ContainsFunc(f.params, func(p param) bool { return p.optional || p.repeated })
		c.table[f.name] = tableEntry(f.name, kinds, open || f.name == "len", f.result, f.call)
	}
	for name, o := range operators {
		c.table[name] = tableEntry(name, o.operands, o.repeated, o.result, o.call)
	}
	return c
}

// tableEntry describes a function to the library. The checker has verified the
// arguments by then, so a function that may be called in several ways takes
// anything; what matters is the result's type.
func tableEntry(name string, operands []kind, open bool, result kind, call func([]any) (any, error)) *builtin.Function {
	in := make([]reflect.Type, len(operands))
	for i, k := range operands {
		in[i] = kindTypes[k]
	}
	if open {
		in = []reflect.Type{reflect.TypeFor[[]any]()}
	}
	return &builtin.Function{
		Name:  name,
		Func:  func(args ...any) (any, error) { return call(args) },
		Types: []reflect.Type{reflect.FuncOf(in, []reflect.Type{kindTypes[result]}, open)},
	}
}

// compile checks and compiles source to give a value of the wanted kind;
// kindNone accepts any. The error has no rule and field yet.
func (c *compilers) compile(source string, env *environment, want kind) (*expression, *Error) {
	if utf8.RuneCountInString(source) > maxSource {
		return nil, &Error{Message: "the expression is too long"}
	}
	if !utf8.ValidString(source) {
		return nil, &Error{Message: "the expression is not valid UTF-8"}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &Error{Line: 1, Column: 1, Message: "the expression is empty"}
	}
	config := c.config()
	tree, err := parser.ParseWithConfig(parseable(source), config)
	if err != nil {
		return nil, libraryError(err)
	}
	check := &checker{
		env: env, functions: c.functions, source: []rune(source),
		kinds: map[ast.Node]kind{}, memo: map[ast.Node]ast.Node{},
	}
	k := check.visit(&tree.Node)
	if check.mistake == nil && want != kindNone && k != want {
		check.fail(tree.Node.Location(), "the expression must give %s, not %s", want.withArticle(), k.withArticle())
	}
	if check.mistake == nil && treeSize(tree.Node, map[ast.Node]int{}) > maxNodes {
		check.fail(tree.Node.Location(), "the expression has too many parts")
	}
	if check.mistake != nil {
		return nil, check.mistake
	}
	x := &expression{
		root: tree.Node, kinds: check.kinds, env: env, source: tree.Source, config: config,
		tags: sortedSet(check.tags), fees: sortedSet(check.fees),
	}
	config.WithEnv(x.sample())
	if _, err := exprcheck.Check(tree, config); err != nil {
		return nil, libraryError(err)
	}
	x.program, err = x.part(x.root)
	if err != nil {
		return nil, libraryError(err)
	}
	return x, nil
}

// config is the sandbox: none of the library's functions, all of ours.
func (c *compilers) config() *conf.Config {
	config := conf.CreateNew()
	for name := range config.Builtins {
		config.Disabled[name] = true
	}
	config.Builtins = conf.FunctionsTable{}
	config.Functions = c.table
	config.MaxNodes = maxNodes
	return config
}

// sample returns a value of the right type for each variable.
func (x *expression) sample() map[string]any {
	out := map[string]any{}
	for _, v := range x.env.variables {
		out[v.name] = v.kind.zero()
	}
	for _, key := range x.tags {
		out[tagName(key)] = ""
	}
	for _, name := range x.fees {
		out[feeName(name)] = kindNumber.zero()
	}
	return out
}

// part compiles a part of the expression on its own.
func (x *expression) part(n ast.Node) (*vm.Program, error) {
	return compiler.Compile(&parser.Tree{Node: n, Source: x.source}, x.config)
}

// treeSize counts the parts of n, those that the parser shares (the middle of
// a < b < c) as often as they will be compiled: nested ones double each time.
func treeSize(n ast.Node, known map[ast.Node]int) int {
	if size, ok := known[n]; ok {
		return size
	}
	size := 1
	for _, part := range children(n) {
		if size += treeSize(part, known); size > maxNodes {
			break
		}
	}
	known[n] = size
	return size
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// libraryError keeps message and place of an error of the library, without
// its picture of the source.
func libraryError(err error) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		return &Error{Message: err.Error()}
	}
	out := &Error{Message: plainMessage(at.Message)}
	if at.Line > 0 {
		out.Line, out.Column = at.Line, at.Column+1
	}
	return out
}

// plainMessage says in our words what the library says of frequent mistakes.
func plainMessage(message string) string {
	switch message {
	case "unexpected token EOF":
		return "the expression ends too early"
	case `unexpected token Operator("=")`:
		return "use == to compare"
	}
	return message
}
