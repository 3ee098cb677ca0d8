package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/zeroq-dev/zeroq/internal/contender"
)

// poster is one keep-alive connection. It writes the same request again and again: http.Client would take
// more of the CPU, which is the server's, too.
type poster struct {
	conn    net.Conn
	answers *bufio.Reader
	request []byte
}

// post sends tasks by POST, over as many connections as there are callers.
func post(ctx context.Context, o contender.Order) (result contender.Result, err error) {
	target, err := url.Parse(o.URL)
	if err != nil {
		return result, err
	}
	body := fmt.Appendf(nil, `{"type":%q,"data":%s}`, taskType, contender.Data(o.Payload, 0))
	request := fmt.Appendf(nil, "POST /v1/tasks HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		target.Host, len(body), body)
	idle := make(chan *poster, o.Callers)
	for range o.Callers {
		conn, err := net.Dial("tcp", target.Host)
		if err != nil {
			return result, err
		}
		defer conn.Close()
		idle <- &poster{conn: conn, answers: bufio.NewReader(conn), request: request}
	}
	return contender.Share(ctx, o, func(context.Context, int) error {
		p := <-idle
		defer func() { idle <- p }()
		return p.post()
	})
}

// post sends the request and reads the answer.
func (p *poster) post() error {
	if _, err := p.conn.Write(p.request); err != nil {
		return err
	}
	answer, err := http.ReadResponse(p.answers, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		text := new(bytes.Buffer)
		_, _ = io.CopyN(text, answer.Body, 200) // as much as there is
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
