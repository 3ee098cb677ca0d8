// Package openapi has the contract of the HTTP API: an OpenAPI 3.1 document that is kept by hand and
// tested against the routes and the answers.
package openapi

import (
	_ "embed"
)

//go:embed openapi.json
var document []byte

// Document returns the contract as JSON.
func Document() []byte { return document }
