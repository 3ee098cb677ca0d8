package conffile

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"gopkg.in/yaml.v2"
)

// checkKeys walks the document beside the type it is loaded into.
func checkKeys(value any, t reflect.Type, path string) error {
	t = deref(t)
	switch value := value.(type) {
	case yaml.MapSlice:
		return checkMap(value, t, path)
	case []any:
		return checkList(value, t, path)
	default:
		return nil
	}
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
	var fields map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		fields = fieldsOf(t)
	}
	seen := make(map[string]bool, len(m))
	for _, item := range m {
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

// checkItem checks one value of a map. A type that is neither a struct nor a map cannot take the
// map at all, which the loading itself reports.
func checkItem(value any, t reflect.Type, fields map[string]reflect.Type, name, full string) error {
	switch {
	case t.Kind() == reflect.Map:
		return checkKeys(value, t.Elem(), full)
	case fields == nil:
		return nil
	}
	field, ok := fields[name]
	if !ok {
		return fmt.Errorf("unknown key %s", full)
	}
	return checkKeys(value, field, full)
}

// fieldsOf returns the fields of a struct by their lower-case key. Those of embedded structs stand
// beside the others, as go-zero has it.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for field := range t.Fields() {
		embedded := deref(field.Type)
		switch {
		case field.Anonymous && embedded.Kind() == reflect.Struct:
			maps.Copy(fields, fieldsOf(embedded))
		case field.IsExported():
			fields[strings.ToLower(keyOf(field))] = field.Type
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
