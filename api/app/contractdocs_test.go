package app_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func httpPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The page of routes has those of the document, but for the document's own.
func TestDocs_Routes(t *testing.T) {
	var listed []string
	for _, route := range regexp.MustCompile("`([A-Z]+ /[^`? ]*)").FindAllStringSubmatch(httpPage(t), -1) {
		listed = append(listed, route[1])
	}
	slices.Sort(listed)
	routes := slices.DeleteFunc(generatedRoutes(t), func(route string) bool { return route == "GET /openapi.json" })
	if !slices.Equal(listed, routes) {
		t.Errorf("docs/http.md lists %q\nthe routes are %q", listed, routes)
	}
}

// The page names every code, and none that there is not.
func TestDocs_Codes(t *testing.T) {
	schema, err := schemaAt("/components/schemas/Code")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, row := range regexp.MustCompile(`(?m)^\| [45]\d\d.*$`).FindAllString(httpPage(t), -1) {
		for _, code := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row, -1) {
			named = append(named, code[1])
		}
	}
	for _, value := range schema.Enum.Values {
		code, _ := value.(string)
		if code != "cancelled" && !slices.Contains(named, code) { // which nobody reads
			t.Errorf("docs/http.md does not name %s", code)
		}
	}
	if len(named) != len(schema.Enum.Values)-1 {
		t.Errorf("docs/http.md names %q", named)
	}
}

// What a verb takes, the document allows.
func TestContract_VerbBodies(t *testing.T) {
	a := start(t)
	for verb, good := range map[verb][]string{
		patchQueue: {`{"rate":0.001}`, `{"rate":null,"max_length":1000000000}`, `{"burst":1}`, `{"concurrency":1}`},
		purgeQueue: {`{"state":"ready"}`, `{"state":"succeeded"}`},
		retryDead:  {`{"all":true}`, `{"ids":["a"],"all":false,"rate":1000000}`, `{"fingerprint":"f","dry_run":true}`},
		putSchedule: {
			`{"spec":"@daily","task":{"type":"a"}}`, `{"spec":"@every 90s","jitter":"0s","overlap":"skip","catch_up":"all","paused":true,"timezone":"UTC",` +
				`"task":{"type":"a","queue":"q","data":[1],"priority":"low","headers":{"a":"b"},"max_attempts":1}}`,
		},
	} {
		template, _ := templateOf(verb.path)
		schema, err := schemaAt("/paths/" + escape(template) + "/" + strings.ToLower(verb.method) + "/requestBody/content/application~1json/schema")
		if err != nil {
			t.Fatal(err)
		}
		check := func(body string, right bool) {
			t.Helper()
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
			if err != nil {
				return
			}
			if err := schema.Validate(value); right && err != nil {
				t.Errorf("%s: the document refuses %s: %v", verb.path, body, err)
			}
			if taken := a.send(verb, body).status < 300; taken != right {
				t.Errorf("%s: took %s: %t", verb.path, body, taken)
			}
		}
		for _, body := range good {
			check(body, true)
		}
		for _, bad := range badVerbs()[verb] {
			check(bad.body, false)
		}
	}
}
