//go:build !linux

package redistest

import "syscall"

// dieWithParent has no means here: a server outlives a test binary that panics or is killed.
func dieWithParent() *syscall.SysProcAttr { return nil }
