package conffile

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a tag of go-zero says of the values that it allows.
var (
	optionsTag = regexp.MustCompile(`,\s*options=(\[[^\]]*\]|[^,]*)`)
	rangeTag   = regexp.MustCompile(`,\s*range=([\[(])([^:]*):([^\])]*)([\])])`)
)

// duration is the type of the fields that go-zero reads with package time.
var duration = reflect.TypeFor[time.Duration]()

// checkSingle reports a value that is none of its type, where the error of go-zero names no key.
func checkSingle(value any, t reflect.Type, path string) error {
	switch value := value.(type) {
	case nil:
		if t.Kind() != reflect.String && t.Kind() != reflect.Interface {
			return fmt.Errorf("%s: has no value", path)
		}
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("%s: %v is no number", path, value)
		}
	}
	if t != duration {
		return checkInteger(value, t, path)
	}
	text, _ := value.(string)
	if _, err := time.ParseDuration(text); err != nil {
		return fmt.Errorf("%s: %s is no duration such as 1m30s", path, quoted(value))
	}
	return nil
}

// checkText reports a value of a map of strings that is none. Elsewhere the error of go-zero names the key.
func checkText(value any, t reflect.Type, path string) error {
	if _, text := value.(string); text || value == nil || t.Kind() != reflect.String {
		return nil
	}
	return fmt.Errorf("%s: %v is no text; put it in quotes", path, value)
}

// checkInteger reports a number that is none of an integer type. What is no number is for the loading to
// report.
func checkInteger(value any, t reflect.Type, path string) error {
	text := fmt.Sprint(value)
	switch value := value.(type) {
	case int, int64, uint64:
	case float64:
		text = strconv.FormatFloat(value, 'f', -1, 64) // a whole number may be written as 1e6
	default:
		return nil
	}
	var err error
	switch zero := reflect.Zero(t); {
	case zero.CanInt():
		_, err = strconv.ParseInt(text, 10, t.Bits())
	case zero.CanUint():
		_, err = strconv.ParseUint(text, 10, t.Bits())
	}
	if err != nil {
		return fmt.Errorf("%s: %v is no integer that fits", path, value)
	}
	return nil
}

// checkValue reports a value that the tag does not allow. go-zero does so too, but names no key.
func checkValue(value any, tag string) error {
	if m := optionsTag.FindStringSubmatch(tag); m != nil {
		options := strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune("[]|, ", r) })
		if value == nil {
			return errors.New("has no value")
		}
		if !slices.Contains(options, fmt.Sprint(value)) {
			return fmt.Errorf("%s is none of %s", quoted(value), strings.Join(options, ", "))
		}
	}
	if m := rangeTag.FindStringSubmatch(tag); m != nil {
		return interval{left: m[2], right: m[3], open: m[1], shut: m[4]}.check(value)
	}
	return nil
}

func quoted(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(value)
}

// interval is a range of a tag, such as [0:1000). An end without a number is none.
type interval struct{ open, left, right, shut string }

// check reports a number that is not within. What is no number is for the loading to report.
func (i interval) check(value any) error {
	n, err := strconv.ParseFloat(fmt.Sprint(value), 64)
	if _, text := value.(string); text || err != nil {
		return nil
	}
	left, right := end(i.left, math.Inf(-1)), end(i.right, math.Inf(1))
	within := n >= left && n <= right // false for NaN
	if !within || i.open == "(" && n == left || i.shut == ")" && n == right {
		return fmt.Errorf("%v is not %s", value, i)
	}
	return nil
}

func end(text string, none float64) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return none
	}
	return n
}

func (i interval) String() string {
	switch {
	case i.open == "(" || i.shut == ")":
		return "in " + i.open + i.left + ":" + i.right + i.shut
	case i.right == "":
		return "at least " + i.left
	case i.left == "":
		return "at most " + i.right
	default:
		return "within " + i.left + " to " + i.right
	}
}
