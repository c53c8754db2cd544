package httpapi

import (
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// notSent is the outcome of a message that was certainly not sent.
const notSent = "not_sent"

// statusCallerGone is what servers log, by convention, for a request whose caller
// did not wait for the answer.
const statusCallerGone = 499

// Problem is an error in the form of RFC 9457.
type Problem struct {
	Title   string       `json:"title" example:"Not Found" doc:"The HTTP status in words."`
	Status  int          `json:"status" example:"404" doc:"The HTTP status."`
	Code    string       `json:"code" example:"unknown_client" doc:"What went wrong, for programs."`
	Detail  string       `json:"detail" example:"no client \"client-001\" is connected" doc:"What went wrong, for people, and what to do."`
	MsgID   string       `json:"msg_id,omitempty" doc:"The message that it is about."`
	Outcome string       `json:"outcome,omitempty" enum:"not_sent,unknown" doc:"For a message: not_sent if sending it again cannot do it twice, unknown if the client may have handled it."`
	Errors  []FieldError `json:"errors,omitempty" nullable:"false" doc:"Each unusable part of the request."`
}

// FieldError is one unusable part of a request. Its value is not repeated: it may
// be large, or a secret.
type FieldError struct {
	Location string `json:"location,omitempty" example:"body.client_id" doc:"Where it is."`
	Message  string `json:"message" doc:"What is wrong with it."`
}

func (p *Problem) Error() string             { return p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells the caller when to try again, where that may help.
func (p *Problem) GetHeaders() http.Header {
	if p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable {
		return http.Header{"Retry-After": {"1"}}
	}
	return nil
}

func newProblem(status int, code qerrors.Code, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Code: code.String(), Detail: detail}
}

// failure turns an error of the hub into a problem.
func (a *api) failure(err error, msgID string) error {
	code := qerrors.CodeOf(err)
	p := newProblem(statusOf(code), code, err.Error())
	p.MsgID = msgID
	var e *qerrors.Error
	if errors.As(err, &e) {
		p.Detail = e.Message
		switch e.Outcome {
		case qerrors.OutcomeNotSent:
			p.Outcome = notSent
		case qerrors.OutcomeUnknown:
			p.Outcome = "unknown"
		}
	}
	if p.Status == http.StatusInternalServerError {
		a.log.Error("a request failed", "msg_id", msgID, "code", code, "error", err)
	}
	return p
}

func statusOf(code qerrors.Code) int {
	switch code {
	case qerrors.PermissionDenied:
		return http.StatusForbidden
	case qerrors.UnknownClient:
		return http.StatusNotFound
	case qerrors.NotConnected, qerrors.ConnectionLost, qerrors.InvalidConfig:
		return http.StatusConflict
	case qerrors.PayloadTooLarge:
		return http.StatusRequestEntityTooLarge
	case qerrors.InvalidArgument:
		return http.StatusUnprocessableEntity
	case qerrors.QueueFull, qerrors.TooManyPromises, qerrors.TooManyRequests:
		return http.StatusTooManyRequests
	case qerrors.Canceled:
		return statusCallerGone
	case qerrors.Draining, qerrors.Closed:
		return http.StatusServiceUnavailable
	case qerrors.Timeout:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// explainer knows what the bodies of requests may have.
type explainer struct{ schemas huma.Registry }

// explain is a transformer that turns huma's errors, which are about requests
// that no handler has seen, into problems.
func (x explainer) explain(ctx huma.Context, _ string, body any) (any, error) {
	e, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	code, status := qerrors.InvalidArgument, e.Status
	if u, ok := ctx.(*upload); ok && u.broken && status == http.StatusInternalServerError {
		p := newProblem(http.StatusBadRequest, code, "the body was cut short: it ended before what Content-Length says")
		p.Outcome = notSent
		return p, nil
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		code = qerrors.PayloadTooLarge
	case http.StatusInternalServerError:
		code = qerrors.Internal
	}
	p := newProblem(status, code, e.Detail)
	if code == qerrors.PayloadTooLarge {
		p.Detail, p.Outcome = "the body is larger than the hub reads: split the payload, or raise -max-payload", notSent
	}
	for i, field := range e.Errors {
		message := field.Message
		if name, ok := strings.CutPrefix(field.Location, "body."); ok && message == validation.MsgUnexpectedProperty && !strings.Contains(name, ".") {
			message += ": the fields are " + strings.Join(x.fields(ctx.Operation()), ", ")
		}
		p.Errors = append(p.Errors, FieldError{Location: field.Location, Message: message})
		if i == 0 {
			p.Detail += ": " + field.Location + ": " + message
		}
	}
	return p, nil
}

// fields returns those that the body of a request may have.
func (x explainer) fields(of *huma.Operation) []string {
	body := x.schemas.SchemaFromRef(of.RequestBody.Content["application/json"].Schema.Ref)
	return slices.Sorted(maps.Keys(body.Properties))
}

// problems describes the responses of an operation that fails with statuses.
func (a *api) problems(statuses ...int) map[string]*huma.Response {
	schema := a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	responses := make(map[string]*huma.Response)
	for _, status := range statuses {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: meaning(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
		}
	}
	return responses
}

// meaning says when there is a problem with a status.
func meaning(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "The body is not JSON."
	case http.StatusUnauthorized:
		return "A token is needed, and there is none that the hub knows."
	case http.StatusForbidden:
		return "The policy of the hub does not let the client receive this type of message."
	case http.StatusNotFound:
		return "No such client is connected."
	case http.StatusRequestTimeout:
		return "The body did not arrive in time."
	case http.StatusConflict:
		return "The client disconnected meanwhile."
	case http.StatusRequestEntityTooLarge:
		return "The body, or the payload in it, is over the limit of the hub or of the client."
	case http.StatusUnsupportedMediaType:
		return "The Content-Type is not application/json."
	case http.StatusUnprocessableEntity:
		return "A field or a parameter cannot be used; errors says which."
	case http.StatusTooManyRequests:
		return "Too much is under way: try again later."
	case http.StatusServiceUnavailable:
		return "The hub is being stopped."
	case http.StatusGatewayTimeout:
		return "No acknowledgement came in time."
	default:
		return "A fault of the hub."
	}
}
