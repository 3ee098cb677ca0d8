// Code scaffolded by goctl. Safe to edit.
// goctl {{.version}}

package {{.PkgName}}

import (
	"net/http"

	"{{.projectPkg}}/api/internal/answer"
	"{{.projectPkg}}/api/internal/request"
	{{.ImportPackages}}
)

// {{.HandlerName}} parses the request strictly, calls {{.LogicName}}.{{.LogicType}} and writes its answer.
func {{.HandlerName}}(svcCtx *svc.ServiceContext) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		{{if .HasRequest}}var req types.{{.RequestType}}
		if err := request.Parse(r, &req); err != nil {
			answer.Error(w, r, err)
			return
		}
		{{else}}if err := request.Parse(r, nil); err != nil {
			answer.Error(w, r, err)
			return
		}
		{{end}}l := {{.LogicName}}.New{{.LogicType}}(r.Context(), svcCtx)
		{{if .HasResp}}resp, err := l.{{.Call}}({{if .HasRequest}}&req{{end}})
		if err != nil {
			answer.Error(w, r, err)
			return
		}
		answer.JSON(w, r, http.StatusOK, resp){{else}}if err := l.{{.Call}}({{if .HasRequest}}&req{{end}}); err != nil {
			answer.Error(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent){{end}}
	}
}
