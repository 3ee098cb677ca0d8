// Package handler has the HTTP handlers that goctl lays out: each reads its request strictly, calls
// the logic of its name, and writes the answer. routes.go is generated.
package handler
