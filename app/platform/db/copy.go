package db

import (
	"context"
	"database/sql/driver"
	"fmt"
	"iter"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/shopspring/decimal"

	"tierbook/app/kernel/period"
)

// CopyFrom writes rows into table with COPY, in the transaction in ctx, and
// returns how many there were. Only the work role can: COPY does not work
// under row-level security.
//
// A row holds one value per column: id.ID, decimal.Decimal,
// decimal.NullDecimal, period.Month, period.Months, time.Time, strings, bools,
// integers, []byte, nil, or any driver.Valuer. It is read before the next one
// is asked for, so one slice can serve all rows. An error that rows yields
// stops the copy and comes back.
//
// Errors: Internal if ctx carries no transaction of d; else as InTx.
func (d *DB) CopyFrom(ctx context.Context, table string, columns []string, rows iter.Seq2[[]any, error]) (int64, error) {
	t, err := d.open(ctx)
	if err != nil {
		return 0, err
	}
	next, stop := iter.Pull2(rows)
	defer stop()
	var out []any
	var srcErr error // pgx tells the server of it and returns the server's answer
	src := pgx.CopyFromFunc(func() ([]any, error) {
		row, err, ok := next()
		if !ok || err != nil {
			srcErr = err
			return nil, err
		}
		out = out[:0]
		for i, v := range row {
			c, err := copyValue(v)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", columns[i], err)
			}
			out = append(out, c)
		}
		return out, nil
	})
	var n int64
	err = t.conn.Raw(func(dc any) error {
		var err error
		n, err = dc.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier(strings.Split(table, ".")), columns, src)
		return err
	})
	if srcErr != nil {
		err = srcErr
	}
	if err != nil {
		return 0, Translate(fmt.Errorf("copy into %s: %w", table, err))
	}
	return n, nil
}

// copyValue turns our types into those that pgx writes in COPY's binary form.
func copyValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, int, int16, int32, int64:
		return v, nil
	case decimal.Decimal:
		return numeric(v), nil
	case decimal.NullDecimal:
		if !v.Valid {
			return nil, nil
		}
		return numeric(v.Decimal), nil
	case period.Month:
		if v.IsZero() {
			return nil, nil
		}
		return v.Start(), nil
	case period.Months:
		return daterange(v), nil
	case interface {
		UUID() uuid.UUID
		IsZero() bool
	}:
		if v.IsZero() {
			return nil, nil
		}
		return [16]byte(v.UUID()), nil
	case driver.Valuer:
		return v.Value()
	}
	return v, nil
}

func numeric(d decimal.Decimal) pgtype.Numeric {
	return pgtype.Numeric{Int: d.Coefficient(), Exp: d.Exponent(), Valid: true}
}

func daterange(m period.Months) pgtype.Range[pgtype.Date] {
	r := pgtype.Range[pgtype.Date]{LowerType: pgtype.Unbounded, UpperType: pgtype.Unbounded, Valid: true}
	if !m.From.IsZero() {
		r.Lower, r.LowerType = pgtype.Date{Time: m.From.Start(), Valid: true}, pgtype.Inclusive
	}
	if !m.To.IsZero() {
		r.Upper, r.UpperType = pgtype.Date{Time: m.To.End(), Valid: true}, pgtype.Exclusive
	}
	return r
}
