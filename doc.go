// Package zeroq is a distributed task queue for Go services.
//
// This package is the domain: what a [Task] is, which [State] it can be in, what a [Handler] may
// answer, and how a [Mux] finds the handler of a task's type. It imports the standard library only.
// Package producer enqueues tasks, package worker runs them, package client speaks the HTTP API.
//
// A task is delivered at least once. A handler that answers nil has finished it; any other answer
// is an error and runs it again later, unless it is wrapped by [Permanent]. See [Handler].
package zeroq
