//go:build !linux

package child

import "syscall"

// attributes keep the child out of the terminal's process group: Ctrl-C is for the parent, which
// decides. Only Linux can end it when the parent is killed.
func attributes(syscall.Signal) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
