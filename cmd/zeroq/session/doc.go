// Package session is what all commands on a running API have in common: its flags, a client of it, how
// answers are written for people and for programs, and how a command ends.
package session
