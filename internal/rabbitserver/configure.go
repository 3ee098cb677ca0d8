package rabbitserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	loopback = "127.0.0.1"
	// firstPort and lastPort bound the ports that are used.
	firstPort, lastPort = 16000, 32000
	// serverFolder is where Debian keeps the real programs. Those on PATH only let one account use them.
	serverFolder = "/usr/lib/rabbitmq/bin"
)

// limits keep a server small.
const limits = `
log.console = false
vm_memory_high_watermark.absolute = 512MB
raft.wal_max_size_bytes = 16777216
`

// advanced has the server look every 200 ms for channels whose messages wait too long for an
// acknowledgement (consumer_timeout). By itself it looks every minute.
const advanced = `[{rabbit, [{channel_tick_interval, 200}]}].
`

func randomPort() int { return mathrand.IntN(lastPort - firstPort) }

// script finds one of the server's programs.
func script(name string) (string, error) {
	if path, err := exec.LookPath(filepath.Join(serverFolder, name)); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", ErrNotFound
	}
	return path, nil
}

// configure writes the server's settings, and makes its environment.
func (s *Server) configure(settings []string) error {
	var ports [3]string
	for i := range ports {
		port, err := FreePort()
		if err != nil {
			return err
		}
		ports[i] = port
	}
	s.Addr = net.JoinHostPort(loopback, ports[0])
	conf := "listeners.tcp.1 = " + s.Addr + limits + strings.Join(settings, "\n") + "\n"
	s.env = environment(s.folder, ports[1], ports[2])
	return errors.Join(
		s.write("rabbitmq.conf", conf),
		s.write("advanced.config", advanced),
		s.write("enabled_plugins", "[].\n"),
		s.write(".erlang.cookie", rand.Text()),
	)
}

func (s *Server) write(name, content string) error {
	return os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600)
}

// environment is all that the server's programs are to know: nothing of the machine's own server.
func environment(folder, distPort, epmdPort string) []string {
	in := func(name string) string { return filepath.Join(folder, name) }
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "LANG=C.UTF-8",
		// The program then becomes the server, rather than running it: what kills one kills the other.
		"detached=1",
		"RABBITMQ_NODENAME=" + fmt.Sprintf("zeroq%s@localhost", epmdPort),
		"RABBITMQ_CONF_ENV_FILE=" + os.DevNull,
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_MNESIA_BASE=" + in("data"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("config"),
		"RABBITMQ_DIST_PORT=" + distPort,
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
		"ERL_EPMD_PORT=" + epmdPort, "ERL_EPMD_ADDRESS=" + loopback,
		"ERL_CRASH_DUMP_SECONDS=0",
	}
}

// variable returns a variable of the server's environment.
func (s *Server) variable(name string) string {
	for _, entry := range s.env {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
