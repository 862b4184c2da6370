package usage

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"tierbook/app/kernel/id"
	"tierbook/modules/usage/internal/segment"
	"tierbook/modules/usage/internal/spill"
)

// publication brings one delivery from files to the object store and the
// database:
//
//	staged     metadata of the delivery and its segments, committed first, so
//	           that no object lies in the store that nobody knows of
//	uploaded   the objects, under the hash of their bytes
//	published  in one transaction with the end of the delivery before it
//
// A crash before the last step leaves what was current as it was; GC removes
// the objects.
type publication struct {
	run      *importRun
	written  *segment.Written
	row      deliveryRow
	warnings []string
}

func (r *importRun) newPublication(d *spill.Delivery, w *segment.Written) *publication {
	p := &publication{run: r, written: w}
	p.row = deliveryRow{
		ID: id.New[id.Delivery](), TreeID: r.owner.Tree, OwnerID: r.owner.ID, ImportID: r.result.Import,
		Provider: d.Key.Provider, Payer: d.Key.Payer, Month: d.Key.Month, ContentHash: w.ContentHash,
		RowsQuarantined: r.read.quarantine.byKey[d.Key], State: "staged", StagedAt: r.s.clock.Now(),
	}
	p.row.RowsRead = w.Rows + p.row.RowsQuarantined
	if a := r.read.assemblies[d.Key]; a != nil && !a.At.IsZero() {
		p.row.ManifestAt = &a.At
	}
	return p
}

func (p *publication) key() spill.Key {
	return spill.Key{Provider: p.row.Provider, Payer: p.row.Payer, Month: p.row.Month}
}

// do returns which delivery holds the content from now on, and what became of
// it.
func (p *publication) do(ctx context.Context) (published id.Delivery, state DeliveryState, err error) {
	s := p.run.s
	err = s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		current, found, err := s.work.current(ctx, p.row)
		if err == nil && found {
			published = current.ID
			state, err = p.asBefore(ctx, current)
		}
		return err
	})
	if err != nil || state != "" {
		return published, state, err
	}
	if err := s.work.db.InTx(ctx, p.stage); err != nil {
		return published, "", fmt.Errorf("stage: %w", err)
	}
	if err := p.upload(ctx); err != nil {
		return published, "", fmt.Errorf("upload: %w", err)
	}
	err = s.work.db.InTx(ctx, func(ctx context.Context) error {
		published, state, err = p.publish(ctx)
		return err
	})
	if err != nil {
		return published, "", fmt.Errorf("publish: %w", err)
	}
	return published, state, nil
}

// asBefore returns what became of the delivery if current has the same content:
// unchanged, or what it was when this import published it before its worker
// died. Else it returns "".
func (p *publication) asBefore(ctx context.Context, current deliveryRow) (DeliveryState, error) {
	same, err := p.isSame(ctx, current)
	switch {
	case err != nil || !same:
		return "", err
	case current.ImportID != p.row.ImportID:
		return DeliveryUnchanged, nil
	}
	replaced, found, err := p.run.s.work.replaced(ctx, current.ID)
	if err != nil || !found {
		return DeliveryNew, err
	}
	p.warnings = nil
	p.compare(replaced)
	return DeliveryReplaced, nil
}

// isSame reports whether the current delivery has the same lines and the same
// rows that could not be read.
func (p *publication) isSame(ctx context.Context, current deliveryRow) (bool, error) {
	if current.ContentHash != p.row.ContentHash || current.RowsQuarantined != p.row.RowsQuarantined {
		return false, nil
	}
	if p.row.RowsQuarantined == 0 {
		return true, nil
	}
	key := p.key()
	theirs, err := fingerprint(p.run.s.work.quarantineOf(ctx, current.ID))
	if err != nil {
		return false, err
	}
	ours, err := fingerprint(p.run.read.quarantine.rowsOf(p.run, p.row.ID, &key))
	return theirs == ours, err
}

// stage writes the metadata: accounts, delivery, segments and what they hold.
func (p *publication) stage(ctx context.Context) error {
	st := p.run.s.work
	accounts, err := p.accounts(ctx)
	if err != nil {
		return err
	}
	if err := st.insertDelivery(ctx, p.row); err != nil {
		return err
	}
	var parts []partRow
	for _, f := range p.written.Segments {
		row := segmentRow{
			ID: id.New[id.Segment](), TreeID: p.row.TreeID, OwnerID: p.row.OwnerID, DeliveryID: p.row.ID, Ordinal: f.Ordinal,
			Object: p.object(f), SHA256: f.SHA256, Bytes: f.Bytes, Rows: f.Rows, StagedAt: p.row.StagedAt,
		}
		if err := st.insertSegment(ctx, row); err != nil {
			return err
		}
		for _, part := range f.Parts {
			parts = append(parts, partRow{Part: part, SegmentID: row.ID, AccountID: accounts[part.Account], TreeID: row.TreeID, OwnerID: row.OwnerID})
		}
	}
	return st.copyParts(ctx, parts)
}

func (p *publication) object(f segment.File) string {
	return "segments/" + p.row.OwnerID.String() + "/" + f.SHA256 + ".parquet"
}

// accounts makes the delivery's accounts known and returns their ids.
func (p *publication) accounts(ctx context.Context) (map[string]id.Account, error) {
	var met []metAccount
	for _, f := range p.written.Segments {
		for _, part := range f.Parts {
			met = append(met, metAccount{Number: part.Account, First: part.ServiceMonth, Last: part.ServiceMonth})
		}
	}
	slices.SortFunc(met, func(a, b metAccount) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), a.First.Compare(b.First))
	})
	one := met[:0]
	for _, m := range met {
		if n := len(one); n > 0 && one[n-1].Number == m.Number {
			one[n-1].Last = m.Last
			continue
		}
		m.Name = p.run.read.names[accountKey{p.row.Provider, m.Number}]
		one = append(one, m)
	}
	return p.run.s.work.upsertAccounts(ctx, p.row, one)
}

// upload puts the files into the object store. An object that is there already
// has the same bytes; it is written again, so that GC does not take it for an
// old one.
func (p *publication) upload(ctx context.Context) error {
	for _, f := range p.written.Segments {
		file, err := os.Open(f.Path)
		if err != nil {
			return err
		}
		err = p.run.s.objects.Put(ctx, p.object(f), file)
		_ = file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// publish makes the delivery current, unless a newer manifest is, or the same
// content has become current meanwhile.
func (p *publication) publish(ctx context.Context) (id.Delivery, DeliveryState, error) {
	st := p.run.s.work
	if err := st.lockDelivery(ctx, p.row); err != nil {
		return id.Delivery{}, "", err
	}
	current, found, err := st.current(ctx, p.row)
	if err != nil {
		return id.Delivery{}, "", err
	}
	state, now := DeliveryNew, p.run.s.clock.Now()
	p.warnings = nil // this may be a second attempt
	if found {
		before, err := p.asBefore(ctx, current)
		if err != nil || before != "" {
			return current.ID, before, err
		}
		switch {
		case isOlder(p.row.ManifestAt, current.ManifestAt):
			state = DeliveryOlder
		default:
			state = DeliveryReplaced
			p.compare(current)
			if err := st.supersede(ctx, current.ID, p.row.ID, now); err != nil {
				return id.Delivery{}, "", err
			}
		}
	}
	stored := "current"
	if state == DeliveryOlder {
		stored = "older"
	}
	if err := st.publishDelivery(ctx, p.row.ID, stored, now); err != nil {
		return id.Delivery{}, "", err
	}
	key := p.key()
	return p.row.ID, state, st.insertQuarantine(ctx, p.run.read.quarantine.rowsOf(p.run, p.row.ID, &key))
}

// isOlder reports whether a manifest was written before the current one. A
// delivery without manifest counts as newest when it comes.
func isOlder(manifest, current *time.Time) bool {
	return manifest != nil && current != nil && manifest.Before(*current)
}

// compare warns if the delivery has become smaller: providers add to a month,
// they seldom take away.
func (p *publication) compare(before deliveryRow) {
	was, is := before.RowsRead-before.RowsQuarantined, p.row.RowsRead-p.row.RowsQuarantined
	if is < was {
		p.warnings = append(p.warnings, fmt.Sprintf("%s payer %s %s: %d rows, %d before.", p.row.Provider, p.row.Payer, p.row.Month, is, was))
	}
}

// compareOwners warns if other owners that the scope sees have the same payer
// and month: what was imported for the wrong tenant counts twice.
func (p *publication) compareOwners(ctx context.Context) error {
	s := p.run.s
	return s.work.db.ReadTx(ctx, func(ctx context.Context) error {
		list, err := s.workTenants.Tenants(ctx)
		if err != nil {
			return err
		}
		others, err := s.work.otherOwners(ctx, p.row, owners(list))
		if err != nil {
			return err
		}
		slug := tenantIDs(list)
		for _, o := range others {
			p.warnings = append(p.warnings, fmt.Sprintf("%s already has payer %s of %s in %s; both now count.",
				slug[o].Slug, p.row.Payer, p.row.Provider, p.row.Month))
		}
		return nil
	})
}
