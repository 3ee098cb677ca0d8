package request

import (
	"time"

	"github.com/zeroq-dev/zeroq"
)

// uniqueReaders has every member of the field unique.
var uniqueReaders = map[string]reader[zeroq.Unique]{
	"key":  text(func(u *zeroq.Unique) *string { return &u.Key }),
	"mode": text(func(u *zeroq.Unique) *zeroq.UniqueMode { return &u.Mode }),
	"for":  duration(func(u *zeroq.Unique) *time.Duration { return &u.For }, 1),
}

func unique(p *parser, name string, task *zeroq.Task) error {
	task.Unique = &zeroq.Unique{}
	return p.object(name, `an object with "key"`, func(member string) error {
		read, ok := uniqueReaders[member]
		if !ok {
			return unknownField(name + "." + member)
		}
		return read(p, name+"."+member, task.Unique)
	})
}
