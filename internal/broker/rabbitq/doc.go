// Package rabbitq carries ready tasks through RabbitMQ: a durable queue for each queue.
//
// A process has two connections: one publishes, the other does all else. A server that is short of memory
// or disk stops reading from connections that publish, and acknowledgements must still get through. Each
// is made again when it is lost ([link]), and what hangs on it begins anew: queues are declared again,
// subscriptions open a new channel. A delivery belongs to its channel and can be acknowledged on that
// one only, so what a lost channel delivered is delivered again, to whomever.
//
// The client library waits for the server without a limit of time. Here nothing does: a write, or a
// call, that takes too long cuts the connection.
package rabbitq
