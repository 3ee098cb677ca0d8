package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/zeroq-dev/zeroq"

// pkg is what `go list` tells of one of our packages.
type pkg struct {
	ImportPath, Name, Dir string
	Imports, Deps         []string
	GoFiles               []string
	TestGoFiles           []string
	XTestGoFiles          []string
	IgnoredGoFiles        []string // for another system, or behind a build tag
	TestImports           []string
	XTestImports          []string
}

func (p pkg) path() string { return ours(p.ImportPath) }

// files are the paths of all its Go files.
func (p pkg) files() []string {
	var all []string
	for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles) {
		all = append(all, filepath.Join(p.Dir, name))
	}
	return all
}

// load lists our packages.
func load(t *testing.T) []pkg {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	if len(all) < 3 {
		t.Fatalf("go list found %d packages", len(all))
	}
	return all
}

var list = sync.OnceValues(func() ([]pkg, error) {
	// -e: a package that does not build is for the compiler to report.
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Imports,Deps,GoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// ours writes the path of one of our packages as the go command takes it: "." or "./worker".
func ours(path string) string {
	if path == module || strings.HasPrefix(path, module+"/") {
		return "." + strings.TrimPrefix(path, module)
	}
	return path
}

// isOurs, isStd and isForeign tell whose a package is, by a path as ours writes it.
func isOurs(path string) bool { return path == "." || strings.HasPrefix(path, "./") }

func isStd(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func isForeign(path string) bool { return !isOurs(path) && !isStd(path) }
