package redisserver

import "syscall"

// attributes have the kernel end the server when the process that started it ends in whatever way,
// and keep the server out of the terminal's process group: Ctrl-C is for the parent, which still
// needs the server while it drains.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
