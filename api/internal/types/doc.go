// Package types has the shapes of requests and answers. types.go is generated from zeroq.api.
package types
