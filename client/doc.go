// Package client speaks the HTTP API of zeroq. It needs no Redis.
//
// A [Client] is a zeroq.Enqueuer, so it can stand where a producer does. The errors of the API are
// of type [*Error], whose cause is the error of package zeroq with the same meaning:
//
//	if errors.Is(err, zeroq.ErrDuplicateID) { … }
//
// What takes many steps, such as [Client.Purge], is begun by one call: it answers with an operation,
// which [Client.WaitOperation] waits for.
package client
