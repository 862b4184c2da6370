// Package audit writes who changed what, in the transaction that changes it.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"tierbook/app/kernel/clock"
	"tierbook/app/kernel/id"
	"tierbook/app/platform/db"
	"tierbook/app/platform/scope"
)

// Log is the audit trail. Events are only ever added.
type Log struct {
	db    *db.DB
	clock clock.Clock
}

// New returns the trail in d's database.
func New(d *db.DB, c clock.Clock) *Log { return &Log{db: d, clock: c} }

// Record adds the event that ctx's actor, in the perspective of ctx's tenant,
// did action («contracts.save») to subject, as people name it: a slug, a
// contract's name, a Job ID. The event is visible to owner, whose record it
// is, and to the tenants above it.
//
// before and after are written as JSON; nil before means that the action
// created the subject, nil after that it removed it. Neither may hold a secret.
//
// Errors: Internal if ctx carries no transaction of the log's database; the
// database refuses an owner that is not the acting tenant or below it.
func (l *Log) Record(ctx context.Context, action, subject string, owner id.Tenant, before, after any) error {
	sc, err := scope.From(ctx)
	if err != nil {
		return err
	}
	was, err := document(before)
	if err != nil {
		return fmt.Errorf("audit %s: before: %w", action, err)
	}
	is, err := document(after)
	if err != nil {
		return fmt.Errorf("audit %s: after: %w", action, err)
	}
	err = l.db.Gorm(ctx).Exec(`
		INSERT INTO audit_events (id, at, tree_id, owner_tenant, actor, acting_tenant, request_id, action, subject, before, after)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id.New[id.Event](), l.clock.Now(), sc.Tree, owner, sc.Actor.String(), sc.Tenant, sc.Request, action, subject, was, is).Error
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

// document returns v as JSON text, and nil (NULL) for nil.
func document(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(b, []byte("null")) {
		return nil, nil
	}
	return string(b), nil
}
