// Package conffile loads configuration files strictly: a key that the program does not know is an
// error, as a misspelt setting that is silently ignored is one that nobody finds.
package conffile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/zeromicro/go-zero/core/conf"
	"gopkg.in/yaml.v2"
)

// Load reads the YAML or JSON file into v, a pointer to a struct, by go-zero's rules: keys match
// fields by their json tags in any case, defaults and env tags apply, and a Validate method is
// called. It reports keys that v does not have, that stand there twice, or whose values are not among
// those that their tags allow, by their full path.
func Load(path string, v any) error {
	if err := load(path, v); err != nil {
		return fmt.Errorf("config file %s: %w", path, err)
	}
	return nil
}

func load(path string, v any) error {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".yaml", ".yml", ".json":
	default:
		return fmt.Errorf("a name that ends in %q: want .yaml, .yml or .json", ext)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return withoutPath(err)
	}
	var document yaml.MapSlice
	if err := yaml.Unmarshal(content, &document); err != nil {
		return err
	}
	if err := checkKeys(document, reflect.TypeOf(v), ""); err != nil {
		return err
	}
	if len(document) == 0 {
		return conf.LoadFromJsonBytes([]byte("{}"), v) // go-zero takes no file that says nothing
	}
	return withoutPath(conf.Load(path, v))
}

// withoutPath drops the path that os errors carry, as the caller names it already.
func withoutPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
