package db

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Call asks a function of the database and scans its rows into dest, as Gorm's
// Scan does. It joins the transaction in ctx; without one it is a single
// statement in a single round trip, which acts for nobody.
//
// It is for functions that answer before it is known for whom a request acts,
// such as whose session a token is. They guard themselves; everything else goes
// through InTx and ReadTx, because row-level security hides every row here.
func (d *DB) Call(ctx context.Context, dest any, function string, args ...any) error {
	h := d.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	if txFrom(ctx) != nil {
		h = d.Gorm(ctx)
	}
	holders := strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ")
	if err := h.Raw(fmt.Sprintf("SELECT * FROM %s(%s)", function, holders), args...).Scan(dest).Error; err != nil {
		return fmt.Errorf("call %s: %w", function, err)
	}
	return nil
}
