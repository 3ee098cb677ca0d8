//go:build !linux

package redisserver

import "syscall"

// attributes keep the server out of the terminal's process group: Ctrl-C is for the parent, which
// still needs the server while it drains. Only Linux can end it when the parent is killed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
