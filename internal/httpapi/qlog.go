package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/voilet/QuicFlow/internal/audit"
)

// Qlog is a trace of a client's connection.
type Qlog struct {
	Path string `json:"path" example:"/var/lib/quic/client-001_QSNJPZ4MAZVR6YHN4WDVJHBMPY_20260102T030405.678901234Z.sqlog" doc:"The file that is written, on the hub's machine."`
}

const slowDisk = "The disk of the hub did not take the qlog in time."

func (a *api) addQlog() {
	problems := a.problems(http.StatusNotFound, http.StatusConflict, http.StatusInternalServerError, http.StatusGatewayTimeout)
	problems["409"].Description = "The hub cannot write a qlog: it needs -qlog-dir."
	problems["504"].Description = slowDisk
	huma.Register(a, huma.Operation{
		OperationID: "start-qlog", Method: http.MethodPut, Path: "/api/clients/{id}/qlog", Tags: []string{tagClients},
		Summary: "Begin a qlog of a client's connection",
		Description: "The hub must have been started with -qlog-dir. A trace that is being written goes on. " +
			"It ends with the connection: a client that reconnects is not traced any more.",
		Responses: problems,
	}, a.startQlog)
	ends := a.problems(http.StatusNotFound, http.StatusInternalServerError, http.StatusGatewayTimeout)
	ends["504"].Description = slowDisk
	huma.Register(a, huma.Operation{
		OperationID: "stop-qlog", Method: http.MethodDelete, Path: "/api/clients/{id}/qlog", Tags: []string{tagClients},
		Summary:     "End the qlog of a client's connection",
		Description: "The file is complete when this is answered. It is fine if there is no trace.",
		Responses:   ends,
	}, a.stopQlog)
}

func (a *api) startQlog(ctx context.Context, in *clientInput) (*reply[Qlog], error) {
	path, err := a.hub.StartQlog(in.ID)
	a.note(ctx, audit.QlogStart, in.ID, err)
	if err != nil {
		return nil, a.failure(err, "")
	}
	return &reply[Qlog]{Qlog{Path: path}}, nil
}

func (a *api) stopQlog(ctx context.Context, in *clientInput) (*struct{}, error) {
	err := a.hub.StopQlog(in.ID)
	a.note(ctx, audit.QlogStop, in.ID, err)
	if err != nil {
		return nil, a.failure(err, "")
	}
	return nil, nil
}
