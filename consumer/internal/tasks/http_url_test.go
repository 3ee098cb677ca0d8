package tasks

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zeroq-dev/zeroq"
)

// hostile are URLs that must not reach a server at {port} of this machine, nor anything near it.
var hostile = []string{
	// Addresses in their usual form.
	"http://127.0.0.1:{port}/", "http://127.0.0.2:{port}/", "http://127.255.255.254:{port}/",
	"http://0.0.0.0:{port}/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
	"http://100.64.0.1/", "http://169.254.169.254/latest/meta-data/", "http://255.255.255.255/",
	"http://224.0.0.1/", "http://240.0.0.1/", "http://[::1]:{port}/", "http://[::]:{port}/",
	"http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
	"http://[0:0:0:0:0:ffff:7f00:0001]:{port}/", "http://[::127.0.0.1]:{port}/",
	"http://[64:ff9b::127.0.0.1]:{port}/", "http://[64:ff9b::169.254.169.254]/", "http://[2002:7f00:1::]/",
	"http://[fd00:ec2::254]/", "http://[fc00::1]/", "http://[fe80::1]/", "http://[fe80::1%25lo]:{port}/",
	"http://[::1%25lo]:{port}/", "http://[ff02::1]/",
	// Other spellings of 127.0.0.1.
	"http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0X7F000001:{port}/",
	"http://017700000001:{port}/", "http://0177.0.0.1:{port}/", "http://0x7f.0.0.1:{port}/",
	"http://0x7f.0x0.0x0.0x1:{port}/", "http://127.1:{port}/", "http://127.0.1:{port}/",
	"http://127.0.0.1.:{port}/", "http://127.0.0.01:{port}/", "http://0:{port}/", "http://0x:{port}/",
	"http://127.0.0.1%00:{port}/", "http://%31%32%37.0.0.1:{port}/", "http://１２７.０.０.１:{port}/",
	"http://①②⑦.⓪.⓪.①:{port}/", "http://[127.0.0.1]:{port}/",
	// Names.
	"http://localhost:{port}/", "http://LOCALHOST:{port}/", "https://localhost:{port}/",
	// Confusing URLs.
	"http://user:password@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/",
	"http://example.com:80@127.0.0.1:{port}/", "http://127.0.0.1:{port}@example.com/",
	"http://@127.0.0.1:{port}/", `http://127.0.0.1:{port}\@example.com/`, `http:\\127.0.0.1:{port}\`,
	" http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/\r\n", "http://127.0.0.1 :{port}/",
	"http://127.0.0.1\t:{port}/", "http:127.0.0.1:{port}", "http:/127.0.0.1:{port}/", "//127.0.0.1:{port}/",
	"127.0.0.1:{port}/", "/", "http://", "http://:{port}/", "http:///", "http://[::1:{port}/",
	"http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://127.0.0.1:-1/", "http://127.0.0.1:port/",
	// Schemes.
	"file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_SET",
	"unix:///var/run/docker.sock", "javascript:alert(1)", "data:text/plain,x", "ws://127.0.0.1:{port}/",
	"dict://127.0.0.1:{port}/",
}

func TestHTTPRequest_HostileURLs(t *testing.T) {
	t.Parallel()
	handler := newRequestHandler(t, nil, nil)
	port, hits := anywhere(t, http.NotFound)
	for _, hostile := range hostile {
		target := strings.ReplaceAll(hostile, "{port}", port)
		_, err := run(t.Context(), handler, encode(t, map[string]any{"url": target}))
		if !zeroq.IsPermanent(err) {
			t.Errorf("%s: got %v", hostile, err)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("the server was reached %d times", hits.Load())
	}
}

func TestParseURL_ReadsTheHost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://example.com#@127.0.0.1/": "example.com",
		"http://example.com/@127.0.0.1":  "example.com",
		"https://example.com.:8443/":     "example.com.",
		"HTTPS://8.8.8.8/":               "8.8.8.8",
		"http://[2606:4700::1111]:80/":   "2606:4700::1111",
		"http://7eleven.example/":        "7eleven.example",
		"http://1.2.3.4.example":         "1.2.3.4.example",
	} {
		parsed, err := parseURL(text)
		mustSucceed(t, err)
		if parsed.Hostname() != want {
			t.Errorf("%s: host is %s, want %s", text, parsed.Hostname(), want)
		}
	}
}

// anywhere starts a server that is reachable by every address of this machine.
func anywhere(t *testing.T, serve http.HandlerFunc) (port string, hits *atomic.Int32) {
	hits = new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		serve(w, r)
	}))
	mustSucceed(t, server.Listener.Close())
	listener, err := net.Listen("tcp", ":0")
	mustSucceed(t, err)
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	parsed, err := url.Parse(server.URL)
	mustSucceed(t, err)
	return parsed.Port(), hits
}

func TestHTTPRequest_NamesOfRefusedAddresses(t *testing.T) {
	t.Parallel()
	port, hits := anywhere(t, http.NotFound)
	names := &zone{addresses: map[string][]string{
		"loop.test.": {"127.0.0.1"}, "loop6.test.": {"::1"}, "inner.test.": {"10.0.0.1"},
		"metadata.test.": {"169.254.169.254"}, "metadata6.test.": {"fd00:ec2::254"}, "nat.test.": {"64:ff9b::7f00:1"},
		"mapped.test.": {"::ffff:127.0.0.1"}, "zero.test.": {"0.0.0.0"},
	}}
	handler := newRequestHandler(t, nil, names.resolver(t))
	for name := range names.addresses {
		data := encode(t, map[string]any{"url": "http://" + strings.TrimSuffix(name, ".") + ":" + port})
		_, err := run(t.Context(), handler, data)
		mustBePermanent(t, err, "address is not allowed")
	}
	if hits.Load() != 0 {
		t.Errorf("the server was reached %d times", hits.Load())
	}
}

func TestHTTPRequest_NameThatChangesItsAddressIsRefused(t *testing.T) {
	t.Parallel()
	port, hits := anywhere(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	names := &zone{addresses: map[string][]string{"rebind.test.": {"127.0.0.1", "127.0.0.2"}}}
	handler := newRequestHandler(t, loopback, names.resolver(t))
	data := encode(t, map[string]any{"url": "http://rebind.test:" + port})
	_, err := run(t.Context(), handler, data)
	mustSucceed(t, err)
	_, err = run(t.Context(), handler, data)
	mustBePermanent(t, err, "address is not allowed: 127.0.0.2")
	if hits.Load() != 1 {
		t.Errorf("the server was reached %d times", hits.Load())
	}
}

func TestHTTPRequest_UnknownNameIsTriedAgain(t *testing.T) {
	t.Parallel()
	names := &zone{}
	data := encode(t, map[string]any{"url": "http://nowhere.test/"})
	_, err := run(t.Context(), newRequestHandler(t, nil, names.resolver(t)), data)
	mustRetry(t, err, "POST nowhere.test: ")
}
