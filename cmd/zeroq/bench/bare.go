package bench

import (
	"net/http"

	"github.com/zeromicro/go-zero/rest"
	"github.com/zeromicro/go-zero/rest/httpx"

	api "github.com/zeroq-dev/zeroq/api/app"
	"github.com/zeroq-dev/zeroq/internal/conffile"
)

// bareTask is the body as a route of go-zero parses it.
type bareTask struct {
	Type string `json:"type"`
	Data string `json:"data"`
}

// bareAnswer is as long as an answer of the API.
type bareAnswer struct {
	ID    string `json:"id"`
	Queue string `json:"queue"`
	State string `json:"state"`
}

// bare is an HTTP server with the API's configuration whose route parses a task and does nothing with it.
func bare(config string) error {
	var conf api.Conf
	if err := conffile.Load(config, &conf); err != nil {
		return err
	}
	server, err := rest.NewServer(conf.Rest())
	if err != nil {
		return err
	}
	server.AddRoutes([]rest.Route{
		{Method: http.MethodGet, Path: "/readyz", Handler: func(w http.ResponseWriter, _ *http.Request) { httpx.Ok(w) }},
		{Method: http.MethodPost, Path: "/v1/tasks", Handler: func(w http.ResponseWriter, r *http.Request) {
			var task bareTask
			if err := httpx.Parse(r, &task); err != nil {
				httpx.ErrorCtx(r.Context(), w, err)
				return
			}
			httpx.WriteJsonCtx(r.Context(), w, http.StatusAccepted, bareAnswer{ID: "default~0~0000000000", Queue: "default", State: "ready"})
		}},
	})
	server.Start()
	return nil
}
