package tasks

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func redirect(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

func TestRedirect_IntoRefusedAddressesIsRefused(t *testing.T) {
	t.Parallel()
	port, hits := anywhere(t, func(http.ResponseWriter, *http.Request) {})
	for _, target := range []string{
		"http://127.0.0.2:{port}/", "http://[::1]:{port}/", "//127.0.0.2:{port}/", "http://10.0.0.1/",
		"http://2130706433:{port}/", "http://169.254.169.254/latest/", "http://[fd00:ec2::254]/",
		"http://0x7f.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://user:password@127.0.0.1:{port}/",
		"file:///etc/passwd", "gopher://127.0.0.1:{port}/", "http://:{port}/",
	} {
		to := strings.ReplaceAll(target, "{port}", port)
		for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			_, err := deliver(t, map[string]any{"body": 1}, redirect(status, to))
			mustBePermanent(t, err, "")
		}
	}
	if hits.Load() != 0 {
		t.Errorf("the server was reached %d times", hits.Load())
	}
}

func TestRedirect_DeliversTheSameRequestElsewhere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusPermanentRedirect)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.Path, body, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	data := fmt.Sprintf(`{"url":"%s/old","body":[1],"headers":{"Authorization":"key"}}`, server.URL)
	result, err := run(t.Context(), newRequestHandler(t, loopback, nil), data)
	mustSucceed(t, err)
	if want := `{"status":200,"body":"POST /new [1] key"}`; string(result) != want {
		t.Errorf("got %s, want %s", result, want)
	}
}

func TestRedirect_ToAnotherHostDropsCredentials(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "Referer"} {
			if r.Header.Get(name) != "" {
				t.Errorf("header %s came along: %s", name, r.Header.Get(name))
			}
		}
		fmt.Fprint(w, r.Header.Get("Content-Type"), " ", r.Header.Get("Zeroq-Task-Id"), " ", r.Header.Get("Zeroq-Attempt"))
	}))
	defer other.Close()
	headers := map[string]string{"authorization": "key", "cookie": "a=b", "x-api-key": "key"}
	result, err := deliver(t, map[string]any{"headers": headers, "body": 1}, redirect(http.StatusTemporaryRedirect, other.URL))
	mustSucceed(t, err)
	if want := `{"status":200,"body":"application/json task-1 2"}`; string(result) != want {
		t.Errorf("got %s, want %s", result, want)
	}
}

func TestRedirect_BackDoesNotBringCredentialsBack(t *testing.T) {
	t.Parallel()
	var first *httptest.Server
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, first.URL+"/back", http.StatusTemporaryRedirect)
	}))
	defer other.Close()
	first = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, "key: ", r.Header.Get("X-Api-Key"))
	}))
	defer first.Close()
	data := encode(t, map[string]any{"url": first.URL + "/", "headers": map[string]string{"X-Api-Key": "key"}})
	result, err := run(t.Context(), newRequestHandler(t, loopback, nil), data)
	mustSucceed(t, err)
	if want := `{"status":200,"body":"key: "}`; string(result) != want {
		t.Errorf("got %s, want %s", result, want)
	}
}

func TestRedirect_ThatWouldDropTheBodyIsRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther} {
		_, err := deliver(t, map[string]any{"body": 1}, redirect(status, "/elsewhere"))
		mustBePermanent(t, err, fmt.Sprintf("answered %d %s: redirect refused: turns POST into GET",
			status, http.StatusText(status)))
	}
}

func TestRedirect_OfGETIsFollowedUpToALimit(t *testing.T) {
	t.Parallel()
	for hops, followed := range map[int]bool{maxRedirects: true, maxRedirects + 1: false} {
		_, err := deliver(t, map[string]any{"method": "GET"}, func(w http.ResponseWriter, r *http.Request) {
			hop, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
			if hop < hops {
				http.Redirect(w, r, "/"+strconv.Itoa(hop+1), http.StatusFound)
			}
		})
		if followed {
			mustSucceed(t, err)
		} else {
			mustBePermanent(t, err, "more than 5 redirects")
		}
	}
}

func TestRedirect_WithoutALocationIsPermanent(t *testing.T) {
	t.Parallel()
	_, err := deliver(t, map[string]any{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	mustBePermanent(t, err, "answered 307 Temporary Redirect")
}

func TestRedirect_FromHTTPSToHTTPIsRefused(t *testing.T) {
	t.Parallel()
	port, hits := anywhere(t, http.NotFound)
	server := httptest.NewTLSServer(redirect(http.StatusTemporaryRedirect, "http://127.0.0.1:"+port))
	defer server.Close()
	handler := newRequestHandler(t, loopback, nil)
	handler.client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	_, err := run(t.Context(), handler, encode(t, map[string]any{"url": server.URL}))
	mustBePermanent(t, err, "redirect refused: leaves https")
	if hits.Load() != 0 {
		t.Error("the server was reached")
	}
}

func TestHTTPRequest_UnknownCertificateIsTriedAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := run(t.Context(), newRequestHandler(t, loopback, nil), encode(t, map[string]any{"url": server.URL}))
	mustRetry(t, err, "certificate")
}
