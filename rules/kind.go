package rules

import (
	"reflect"

	"github.com/shopspring/decimal"
)

// kind is the type of a part of an expression.
type kind int

const (
	kindNone kind = iota
	kindNumber
	kindText
	kindBool
	kindTexts // a list of texts
	kindTiers // literal price tiers: see tiers.go
	kindPlace // a whole number that counts: an index or a bound of a slice
)

var kindNames = [...]string{
	kindNone: "nothing", kindNumber: "number", kindText: "text", kindBool: "boolean",
	kindTexts: "list of texts", kindTiers: "list of tiers", kindPlace: "whole number",
}

func (k kind) String() string { return kindNames[k] }

// withArticle returns "a number".
func (k kind) withArticle() string {
	if k == kindNone {
		return "nothing"
	}
	return "a " + k.String()
}

var kindTypes = [...]reflect.Type{
	kindNone:   reflect.TypeFor[any](),
	kindNumber: reflect.TypeFor[decimal.Decimal](),
	kindText:   reflect.TypeFor[string](),
	kindBool:   reflect.TypeFor[bool](),
	kindTexts:  reflect.TypeFor[[]string](),
	kindTiers:  reflect.TypeFor[tiers](),
	kindPlace:  reflect.TypeFor[int](),
}

// zero returns the value that tells the expression library the kind.
func (k kind) zero() any { return reflect.Zero(kindTypes[k]).Interface() }
