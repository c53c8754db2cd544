package main

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// problems returns a table of the statuses of the HTTP API that are errors, from its
// own description, with the codes of the hub that it answers with each.
func (r *reference) problems() (string, error) {
	d, err := describeAPI()
	if err != nil {
		return "", err
	}
	meanings := map[string][]string{} // more than one where operations differ
	for _, operations := range d.Paths {
		for _, operation := range operations {
			for status, response := range operation.Responses {
				meanings[status] = append(meanings[status], response.Description)
			}
		}
	}
	codes := codesByStatus()
	var out strings.Builder
	out.WriteString(r.head("status", "code", "meaning"))
	for _, status := range slices.Sorted(maps.Keys(meanings)) {
		if isError(status) {
			out.WriteString(row(status, r.list(codes(status)), r.texts(meanings[status])))
		}
	}
	return out.String(), nil
}

// texts returns each of some texts once.
func (r *reference) texts(english []string) string {
	slices.Sort(english)
	var out []string
	for _, text := range slices.Compact(english) {
		out = append(out, r.text(text))
	}
	return r.paragraph(out)
}

func isError(status string) bool { return status >= "400" && status != "default" }

// failing is a hub on which each message fails.
type failing struct {
	httpapi.Hub
	err error
}

func (f failing) SendMessage(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
	return nil, f.err
}

// codesByStatus asks the API which codes it answers with a status. What is refused
// before the hub is asked has the code invalid_argument.
func codesByStatus() func(status string) []string {
	found := map[string][]string{}
	for number := range qerrors.Code(qerrors.NumCodes) {
		if !number.Valid() || number == qerrors.OK {
			continue
		}
		request := httptest.NewRequest(http.MethodPost, "http://localhost/api/send", strings.NewReader(`{"client_id":"a","payload":"b"}`))
		request.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		httpapi.NewHandler(failing{err: qerrors.New(number, "no")}, httpapi.Options{}).ServeHTTP(w, request)
		status := strconv.Itoa(w.Code)
		found[status] = append(found[status], code(number.String()))
	}
	return func(status string) []string {
		switch codes := found[status]; {
		case status == "500":
			return []string{code(qerrors.Internal.String())} // and whatever should not happen
		case codes != nil:
			return codes
		default:
			return []string{code(qerrors.InvalidArgument.String())}
		}
	}
}
