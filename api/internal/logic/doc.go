// Package logic has what goctl lays out for each route: the work of one request, as a thin call into
// the engine.
package logic
