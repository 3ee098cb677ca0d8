package conffile

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"gopkg.in/yaml.v2"
)

// field is a key of a struct: the type of its value, and what its tag says of it.
type field struct {
	typ reflect.Type
	tag string
}

// checkKeys walks the document beside the type it is loaded into.
func checkKeys(value any, t reflect.Type, path string) error {
	t = deref(t)
	if err := checkKind(value, t, path); err != nil {
		return err
	}
	switch value := value.(type) {
	case yaml.MapSlice:
		return checkMap(value, t, path)
	case []any:
		return checkList(value, t, path)
	default:
		return checkSingle(value, t, path)
	}
}

// checkKind tells lists, sections and single values apart, which go-zero's errors do not.
func checkKind(value any, t reflect.Type, path string) error {
	want := "a single value"
	switch t.Kind() {
	case reflect.Interface:
		return nil
	case reflect.Slice, reflect.Array:
		want = "a list"
	case reflect.Struct, reflect.Map:
		want = "a section of keys"
	}
	got := "a single value"
	switch value.(type) {
	case nil:
		return nil
	case yaml.MapSlice:
		got = "a section of keys"
	case []any:
		got = "a list"
	}
	if got != want {
		return fmt.Errorf("%s: want %s, not %s", path, want, got)
	}
	return nil
}

func checkList(list []any, t reflect.Type, path string) error {
	if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil
	}
	for i, value := range list {
		if err := checkKeys(value, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func checkMap(m yaml.MapSlice, t reflect.Type, path string) error {
	var fields map[string]field
	if t.Kind() == reflect.Struct {
		fields = fieldsOf(t)
	}
	seen := make(map[string]bool, len(m))
	for _, item := range m {
		switch item.Key.(type) {
		case yaml.MapSlice, []any:
			return fmt.Errorf("%s: has a key that is no single value", cmp.Or(path, "the file"))
		}
		key := fmt.Sprint(item.Key)
		full := join(path, key)
		name := key
		if fields != nil {
			name = strings.ToLower(key)
		}
		if seen[name] {
			return fmt.Errorf("key %s stands there twice", full)
		}
		seen[name] = true
		if err := checkItem(item.Value, t, fields, name, full); err != nil {
			return err
		}
	}
	return nil
}

// checkItem checks one value of a map. A type that is neither a struct nor a map is one that takes
// anything.
func checkItem(value any, t reflect.Type, fields map[string]field, name, full string) error {
	switch {
	case t.Kind() == reflect.Map:
		return cmp.Or(checkKeys(value, t.Elem(), full), checkText(value, t.Elem(), full))
	case fields == nil:
		return nil
	}
	f, ok := fields[name]
	if !ok {
		return fmt.Errorf("unknown key %s", full)
	}
	if err := checkKeys(value, f.typ, full); err != nil {
		return err
	}
	if err := checkValue(value, f.tag); err != nil {
		return fmt.Errorf("%s: %w", full, err)
	}
	return nil
}

// fieldsOf returns the fields of a struct by their lower-case key. Those of embedded structs stand
// beside the others, as go-zero has it.
func fieldsOf(t reflect.Type) map[string]field {
	fields := make(map[string]field, t.NumField())
	for f := range t.Fields() {
		embedded := deref(f.Type)
		switch {
		case f.Anonymous && embedded.Kind() == reflect.Struct:
			maps.Copy(fields, fieldsOf(embedded))
		case f.IsExported():
			fields[strings.ToLower(keyOf(f))] = field{f.Type, f.Tag.Get("json")}
		}
	}
	return fields
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func keyOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name = strings.TrimSpace(name); name != "" {
		return name
	}
	return field.Name
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
