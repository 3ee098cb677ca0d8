// Package request reads requests strictly: what it does not know is an error, never ignored.
package request

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/zeromicro/go-zero/rest/pathvar"

	"github.com/zeroq-dev/zeroq/api/internal/problem"
)

// Parse fills req, a pointer to a struct of strings with path and form tags, from the URL. req is
// nil when the route takes no parameters. A parameter that is unknown, given twice, or cannot be
// read is a [problem.Problem] that names it.
func Parse(r *http.Request, req any) error {
	if req == nil && r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.Parameter("", "the query cannot be read")
	}
	fields := fieldsOf(req)
	for name, values := range query {
		field, ok := fields.form[name]
		switch {
		case !ok:
			return problem.Parameter(cut(name), "there is no such parameter here")
		case len(values) > 1:
			return problem.Parameter(name, name+" is given more than once")
		case values[0] == "":
			return problem.Parameter(name, name+" is empty")
		}
		field.SetString(values[0])
	}
	vars := pathvar.Vars(r)
	for name, field := range fields.path {
		field.SetString(vars[name])
	}
	return nil
}

// parameters are the fields of a request by their names.
type parameters struct{ form, path map[string]reflect.Value }

func fieldsOf(req any) parameters {
	p := parameters{form: make(map[string]reflect.Value), path: make(map[string]reflect.Value)}
	if req == nil {
		return p
	}
	value := reflect.ValueOf(req).Elem()
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		if name, _, _ := strings.Cut(tag.Get("form"), ","); name != "" {
			p.form[name] = value.Field(i)
		}
		if name, _, _ := strings.Cut(tag.Get("path"), ","); name != "" {
			p.path[name] = value.Field(i)
		}
	}
	return p
}

// longestName bounds how much of a name that the client chose stands in the answer.
const longestName = 64

func cut(name string) string {
	if len(name) > longestName {
		name = name[:longestName]
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}
