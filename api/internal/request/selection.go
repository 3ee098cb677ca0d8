package request

import (
	"fmt"
	"slices"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// MaxIDs is the most ids that one selection may name.
const MaxIDs = 1000

// MaxFingerprint bounds the fingerprint of dead letters in bytes.
const MaxFingerprint = 128

// purgeable are the states whose tasks can be purged: those that no worker has.
var purgeable = []zeroq.State{
	zeroq.Ready, zeroq.Scheduled, zeroq.Retry, zeroq.Dead, zeroq.Cancelled, zeroq.Expired, zeroq.Succeeded,
}

// Purge reads which tasks of a queue are to be deleted.
func Purge(raw []byte) (selection zeroq.Selection, err error) {
	state := text(func(s *zeroq.Selection) *zeroq.State { return &s.State })
	err = objectOf(raw, `a purge must be a JSON object with "state"`, func(p *parser, name string) error {
		if name != "state" {
			return unknownField(name)
		}
		return state(p, name, &selection)
	})
	switch {
	case err != nil:
		return selection, err
	case selection.State == "":
		return selection, problem.Field("state", "state is missing")
	case !slices.Contains(purgeable, selection.State):
		return selection, problem.Field("state", fmt.Sprintf("state must be one of %v", purgeable))
	}
	return selection, nil
}

// Dead is which dead letters something is to be done to, and how.
type Dead struct {
	Selection zeroq.Selection
	// Rate is how many a second at most. Zero: as fast as it goes.
	Rate float64
	// DryRun: only count them.
	DryRun bool

	all bool
}

// deadReaders has every field of a selection of dead letters.
var deadReaders = map[string]reader[Dead]{
	"ids":         ids,
	"fingerprint": text(func(d *Dead) *string { return &d.Selection.Fingerprint }),
	"all":         flag(func(d *Dead) *bool { return &d.all }),
	"dry_run":     flag(func(d *Dead) *bool { return &d.DryRun }),
	"rate": func(p *parser, name string, into *Dead) (err error) {
		into.Rate, err = p.number(name, "a number", false)
		return err
	},
}

// DeadLetters reads a selection of dead letters: by exactly one of ids, fingerprint and all.
func DeadLetters(raw []byte) (dead Dead, err error) {
	dead.Selection.State = zeroq.Dead
	err = objectOf(raw, "the selection must be a JSON object", func(p *parser, name string) error {
		read, ok := deadReaders[name]
		if !ok {
			return unknownField(name)
		}
		return read(p, name, &dead)
	})
	if err != nil {
		return dead, err
	}
	return dead, dead.check()
}

func (d *Dead) check() error {
	ways := 0
	for _, way := range []bool{d.Selection.IDs != nil, d.Selection.Fingerprint != "", d.all} {
		if way {
			ways++
		}
	}
	switch {
	case ways != 1:
		return problem.Field(d.way(), `say exactly one of "ids", "fingerprint" and "all":true`)
	case len(d.Selection.Fingerprint) > MaxFingerprint:
		return problem.Field("fingerprint", fmt.Sprintf("fingerprint is over %d bytes", MaxFingerprint))
	}
	return zeroq.Limits{Rate: d.Rate}.Validate()
}

// way is the field to name when it is not clear what is selected: the first one given, or ids.
func (d *Dead) way() string {
	if d.Selection.IDs == nil && d.Selection.Fingerprint != "" {
		return "fingerprint"
	}
	return "ids"
}

func ids(p *parser, name string, into *Dead) error {
	want := fmt.Sprintf("an array of 1 to %d ids", MaxIDs)
	if p.PeekKind() != '[' {
		return p.wrongType(name, want)
	}
	if _, err := p.ReadToken(); err != nil {
		return syntaxError(err)
	}
	for p.PeekKind() != ']' {
		id, err := p.str(name, want)
		if err != nil {
			return err
		}
		if TaskID(id) != nil || len(into.Selection.IDs) == MaxIDs {
			return problem.Field(name, name+" must be "+want)
		}
		into.Selection.IDs = append(into.Selection.IDs, id)
	}
	if len(into.Selection.IDs) == 0 {
		return problem.Field(name, name+" must be "+want)
	}
	_, err := p.ReadToken()
	return wrapSyntax(err)
}

func flag[T any](field func(*T) *bool) reader[T] {
	return func(p *parser, name string, into *T) error {
		if kind := p.PeekKind(); kind != 't' && kind != 'f' {
			return p.wrongType(name, "true or false")
		}
		token, err := p.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		*field(into) = token.Bool()
		return nil
	}
}
