package trace

import (
	"errors"
	"fmt"
	"go/token"
	"reflect"

	semconv "go.opentelemetry.io/otel/semconv/v1.39.0"

	"github.com/zeroq-dev/zeroq"
)

// describe tells the type of an error, and its stack if it is a panic. The methods of a handler's error
// may panic themselves; its text is not asked for here.
func describe(err error) (typ, stack string) {
	defer func() {
		if recover() != nil {
			typ, stack = semconv.ErrorTypeOther.Value.AsString(), ""
		}
	}()
	if panicked := new(zeroq.PanicError); errors.As(err, &panicked) {
		stack = string(panicked.Stack)
	}
	return typeOf(err), stack
}

// typeOf names the first type in an error's chain that is exported, as those of wrappers such as fmt's are
// not, or that of its end.
func typeOf(err error) string {
	for {
		inner, typ := unwrap(err), reflect.TypeOf(err)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if inner == nil || token.IsExported(typ.Name()) {
			return fmt.Sprintf("%T", err)
		}
		err = inner
	}
}

// unwrap is errors.Unwrap that takes the first of several.
func unwrap(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok && len(several.Unwrap()) > 0 {
		return several.Unwrap()[0]
	}
	return errors.Unwrap(err)
}
