// Package client speaks the HTTP API of zeroq. It needs no Redis.
//
// A [Client] is a zeroq.Enqueuer, so it can stand where a producer does. The errors of the API are
// of type [*Error], whose cause is the error of package zeroq with the same meaning:
//
//	if errors.Is(err, zeroq.ErrDuplicateID) { … }
package client
