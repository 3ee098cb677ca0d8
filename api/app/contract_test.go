package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/zeroq-dev/zeroq"
	"github.com/zeroq-dev/zeroq/api/openapi"
)

const documentURL = "https://zeroq.test/openapi.json"

// document is what the tests read of the contract.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]json.RawMessage
		}
	}
}

var contract = sync.OnceValue(func() (d document) {
	if err := json.Unmarshal(openapi.Document(), &d); err != nil {
		panic(err)
	}
	return d
})

// schemas compiles places of the document as schemas, each once.
var schemas = struct {
	sync.Mutex
	compiler *jsonschema.Compiler
}{compiler: jsonschema.NewCompiler()}

func schemaAt(pointer string) (*jsonschema.Schema, error) {
	schemas.Lock()
	defer schemas.Unlock()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.Document()))
	if err != nil {
		return nil, err
	}
	schemas.compiler.DefaultDraft(jsonschema.Draft2020)
	_ = schemas.compiler.AddResource(documentURL, document) // it is there from the second time on
	return schemas.compiler.Compile(documentURL + "#" + pointer)
}

func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(key)
}

// keepsContract checks an answer against the document. What the document does not have, such as a
// path that does not exist, must at least be an error in its one shape.
func (r reply) keepsContract(t *testing.T, method, path string) {
	t.Helper()
	if method == http.MethodHead || r.status < 200 {
		return
	}
	pointer := "/components/schemas/ErrorAnswer"
	if template, ok := templateOf(path); ok {
		if operation, ok := contract().Paths[template][strings.ToLower(method)]; ok {
			response, ok := operation.Responses[strconv.Itoa(r.status)]
			if !ok {
				t.Errorf("%s %s answers %d, which is not in the contract", method, path, r.status)
				return
			}
			if r.status == http.StatusNoContent {
				if r.body != "" {
					t.Errorf("%s %s answers 204 with %q", method, path, r.body)
				}
				return
			}
			pointer = strings.TrimPrefix(response.Ref, "#")
			if pointer == "" {
				pointer = fmt.Sprintf("/paths/%s/%s/responses/%d", escape(template), strings.ToLower(method), r.status)
			}
			pointer += "/content/application~1json/schema"
		}
	}
	schema, err := schemaAt(pointer)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(r.body))
	if err != nil {
		t.Fatalf("%s %s: %q: %v", method, path, r.body, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s: %.300s: %v", method, path, r.body, err)
	}
}

// templates are the paths of the document that have parameters.
var templates = sync.OnceValue(func() map[string]*regexp.Regexp {
	all := make(map[string]*regexp.Regexp)
	for path := range contract().Paths {
		if strings.Contains(path, "{") {
			all[path] = regexp.MustCompile("^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "[^/]+") + "$")
		}
	}
	return all
})

func templateOf(path string) (string, bool) {
	path, _, _ = strings.Cut(path, "?")
	if _, ok := contract().Paths[path]; ok {
		return path, true
	}
	for template, pattern := range templates() {
		if pattern.MatchString(path) {
			return template, true
		}
	}
	return "", false
}

// The document has the routes that goctl generated, and no others.
func TestContract_Routes(t *testing.T) {
	var documented []string
	for path, operations := range contract().Paths {
		for method := range operations {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(documented)
	if routes := generatedRoutes(t); !slices.Equal(routes, documented) {
		t.Errorf("routes.go has %q\nthe document %q", routes, documented)
	}
}

// generatedRoutes reads routes.go: each AddRoutes has a list of routes and perhaps a prefix.
func generatedRoutes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/handler/routes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for node := range ast.Preorder(file) {
		if call, ok := node.(*ast.CallExpr); ok && isCall(call, "AddRoutes") {
			routes = append(routes, routesOf(call)...)
		}
	}
	slices.Sort(routes)
	return routes
}

func isCall(call *ast.CallExpr, name string) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == name
}

func routesOf(add *ast.CallExpr) (routes []string) {
	prefix := ""
	for _, arg := range add.Args[1:] {
		if option, ok := arg.(*ast.CallExpr); ok && isCall(option, "WithPrefix") {
			prefix, _ = strconv.Unquote(option.Args[0].(*ast.BasicLit).Value)
		}
	}
	for _, element := range add.Args[0].(*ast.CompositeLit).Elts {
		var method, path string
		for _, field := range element.(*ast.CompositeLit).Elts {
			pair := field.(*ast.KeyValueExpr)
			switch pair.Key.(*ast.Ident).Name {
			case "Method":
				method = strings.ToUpper(strings.TrimPrefix(pair.Value.(*ast.SelectorExpr).Sel.Name, "Method"))
			case "Path":
				path, _ = strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
			}
		}
		routes = append(routes, method+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(prefix+path, "{$1}"))
	}
	return routes
}

func TestContract_IsServed(t *testing.T) {
	a := start(t)
	reply := a.get("/openapi.json")
	if reply.status != 200 || reply.body != string(openapi.Document()) || reply.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d, %d bytes of %s", reply.status, len(reply.body), reply.header.Get("Content-Type"))
	}
	if !strings.HasPrefix(contract().OpenAPI, "3.1.") {
		t.Errorf("openapi is %s", contract().OpenAPI)
	}
}

// Every reference in the document leads somewhere, and every schema is one.
func TestContract_Schemas(t *testing.T) {
	var all struct {
		Components struct{ Schemas, Responses map[string]json.RawMessage }
	}
	if err := json.Unmarshal(openapi.Document(), &all); err != nil {
		t.Fatal(err)
	}
	for name := range all.Components.Schemas {
		if _, err := schemaAt("/components/schemas/" + name); err != nil {
			t.Error(err)
		}
	}
	for _, ref := range regexp.MustCompile(`"#/components/responses/(\w+)"`).FindAllSubmatch(openapi.Document(), -1) {
		if _, ok := all.Components.Responses[string(ref[1])]; !ok {
			t.Errorf("there is no response %s", ref[1])
		}
	}
}

// The states in the document are those of the domain.
func TestContract_States(t *testing.T) {
	schema, err := schemaAt("/components/schemas/State")
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range zeroq.States {
		if err := schema.Validate(string(state)); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
	if n := len(schema.Enum.Values); n != len(zeroq.States) {
		t.Errorf("the document has %d states", n)
	}
}

// What the API takes, the document allows; what the document refuses, the API refuses.
func TestContract_Requests(t *testing.T) {
	schema, err := schemaAt("/components/schemas/NewTask")
	if err != nil {
		t.Fatal(err)
	}
	a := start(t)
	for _, body := range []string{
		`{"type":"a"}`, `{"type":"a","data":[1]}`, `{"type":"a","id":"i","queue":"q","delay":"1s","max_attempts":1000}`,
		`{"type":"a","timeout":"24h","retention":"1ns","headers":{"a":"b"},"deadline":"2100-01-01T00:00:00Z"}`,
		`{"Type":"a"}`, `{"type":1}`, `{"type":1.5}`, `{"type":true}`, `{"type":"a","x":1}`, `{"type":"a","max_attempts":0}`, `{"type":"a","delay":1}`,
		`{"type":"a","headers":{"a":1}}`, `{"type":"a","queue":"A"}`, `[]`, `null`,
		`{"type":"a","priority":"high"}`, `{"type":"a","priority":"urgent"}`, `{"type":"a","unique":{"key":"k"}}`,
		`{"type":"a","unique":{"key":"k","mode":"for","for":"1m"}}`, `{"type":"a","unique":{}}`, `{"type":"a","unique":"k"}`,
		`{"type":"a","unique":{"key":"k","mode":"x"}}`, `{"type":"a","unique":{"key":"k","ttl":"1m"}}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		allowed := schema.Validate(value) == nil
		if taken := a.post("/v1/tasks", body).status == http.StatusAccepted; taken != allowed {
			t.Errorf("%s: taken %t, by the document %t", body, taken, allowed)
		}
	}
}
