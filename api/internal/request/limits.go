package request

import (
	"math"
	"strconv"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// limitReaders has every limit; null lifts one.
var limitReaders = map[string]reader[zeroq.LimitsChange]{
	"rate":        rate(func(c *zeroq.LimitsChange) **float64 { return &c.Rate }),
	"burst":       limit(func(c *zeroq.LimitsChange) **int { return &c.Burst }),
	"concurrency": limit(func(c *zeroq.LimitsChange) **int { return &c.Concurrency }),
	"max_length":  limit(func(c *zeroq.LimitsChange) **int { return &c.MaxLength }),
}

// Limits reads a change of a queue's limits, of which there must be one at least. Whether it fits the
// limits that are left as they are only the broker can tell.
func Limits(raw []byte) (change zeroq.LimitsChange, err error) {
	err = objectOf(raw, "the limits must be a JSON object", func(p *parser, name string) error {
		read, ok := limitReaders[name]
		if !ok {
			return unknownField(name)
		}
		return read(p, name, &change)
	})
	switch {
	case err != nil:
		return change, err
	case change == (zeroq.LimitsChange{}):
		return change, problem.Field("rate", "say at least one of rate, burst, concurrency and max_length")
	}
	// A burst alone is as right as the rate that it goes with.
	return change, change.Apply(zeroq.Limits{Rate: 1}).Validate()
}

// rate reads a number above 0, or null, which becomes 0.
func rate[T any](field func(*T) **float64) reader[T] {
	return func(p *parser, name string, into *T) error {
		value, err := p.number(name, "a number or null", true)
		if err != nil {
			return err
		}
		*field(into) = &value
		return nil
	}
}

// limit reads an integer above 0, written with digits only, or null, which becomes 0.
func limit[T any](field func(*T) **int) reader[T] {
	const want = "an integer or null"
	return func(p *parser, name string, into *T) error {
		text, err := p.numeral(name, want, true)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(text)
		if text != "" && (err != nil || n <= 0 || n > math.MaxInt32) {
			return problem.Field(name, name+" must be "+want+", from 1 to 1000000000")
		}
		*field(into) = &n
		return nil
	}
}

// number reads a number above 0; orNull takes null too, as 0.
func (p *parser) number(name, want string, orNull bool) (float64, error) {
	text, err := p.numeral(name, want, orNull)
	if err != nil || text == "" {
		return 0, err
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value <= 0 {
		return 0, problem.Field(name, name+" must be "+want+", above 0")
	}
	return value, nil
}

// numeral reads a number as it is written; orNull takes null too, as no text.
func (p *parser) numeral(name, want string, orNull bool) (string, error) {
	kind := p.PeekKind()
	if kind != '0' && !(orNull && kind == 'n') {
		return "", p.wrongType(name, want)
	}
	token, err := p.ReadToken()
	if err != nil {
		return "", syntaxError(err)
	}
	if kind == 'n' {
		return "", nil
	}
	return token.String(), nil
}
