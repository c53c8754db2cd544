package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/voilet/QuicFlow/pkg/protocol"
)

// The headers of a request.
const (
	headerID        = "X-Quic-Message-Id"
	headerType      = "X-Quic-Message-Type"
	headerSender    = "X-Quic-Sender-Id"
	headerTimestamp = "X-Quic-Timestamp" // of the request, in Unix seconds
	headerSignature = "X-Quic-Signature"
	headerPrefix    = "X-Quic-Header-" // before the name of a header of the message
)

// describe says in headers what message it is.
func (h *Handler) describe(headers http.Header, msg *protocol.DataMessage) {
	headers.Set("Content-Type", "application/octet-stream")
	headers.Set("User-Agent", "quic-backbone")
	headers.Set(headerID, encodeValue(msg.GetMsgId()))
	headers.Set(headerType, msg.GetType().Name())
	headers.Set(headerSender, encodeValue(msg.GetSenderId()))
	for _, key := range slices.Sorted(maps.Keys(msg.GetHeaders())) {
		value := msg.GetHeaders()[key]
		if isTraceContext(key) && value != "" && encodeValue(value) == value {
			headers.Set(key, value)
			continue
		}
		headers.Add(headerPrefix+encodeName(key), encodeValue(value))
	}
}

// inTrace names the span in ctx, if there is one, in the place of the one that the
// message names: what the receiver does is below the handler.
func inTrace(ctx context.Context, headers http.Header) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		headers.Del("tracestate") // the span may have none
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(headers))
	}
}

// isTraceContext reports whether a header is one of W3C Trace Context.
func isTraceContext(key string) bool { return key == "traceparent" || key == "tracestate" }

// sign adds the time and, with a secret, the signature of all that a receiver acts
// on: the time, so that it can refuse what is old, and no old request can be sent
// again by somebody else; and id, type and sender, which are as they stand in the
// other headers.
func (h *Handler) sign(headers http.Header, payload []byte, now time.Time) {
	headers.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	if len(h.secret) == 0 {
		return
	}
	mac := hmac.New(sha256.New, h.secret)
	for _, name := range []string{headerTimestamp, headerID, headerType, headerSender} {
		_, _ = fmt.Fprintf(mac, "%s\n", headers.Get(name)) // a hash takes everything
	}
	_, _ = mac.Write(payload)
	headers.Set(headerSignature, "sha256="+hex.EncodeToString(mac.Sum(nil)))
}

// encodeValue makes text the value of a header: what is not printable ASCII, and
// blanks at either end, which HTTP drops, are percent-encoded, and so is the per
// cent sign.
func encodeValue(text string) string {
	return percentEncode(text, func(i int) bool {
		b := text[i]
		atEnd := i == 0 || i == len(text)-1
		return b > ' ' && b <= '~' && b != '%' || b == ' ' && !atEnd
	})
}

// encodeName makes text a part of the name of a header: what no token may have
// (RFC 9110, section 5.6.2) is percent-encoded, and so is the per cent sign.
func encodeName(text string) string {
	return percentEncode(text, func(i int) bool {
		b := text[i]
		return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || strings.IndexByte("!#$&'*+-.^_`|~", b) >= 0
	})
}

// percentEncode encodes the bytes of text that may not stay.
func percentEncode(text string, stays func(i int) bool) string {
	var b strings.Builder
	for i := range len(text) {
		if stays(i) {
			b.WriteByte(text[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", text[i])
		}
	}
	return b.String()
}
