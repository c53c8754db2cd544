package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/voilet/QuicFlow/internal/httpapi"
	"github.com/voilet/QuicFlow/internal/testhub"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// post posts a body of so many bytes, or of a size that it does not tell if that is
// negative, and returns the status and the problem, if that is what came.
func post(handler http.Handler, body io.Reader, size int64) (int, httpapi.Problem) {
	request := httptest.NewRequest("POST", "http://localhost/api/send", body)
	request.ContentLength = size
	request.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, request)
	var p httpapi.Problem
	_ = json.Unmarshal(w.Body.Bytes(), &p) // it may be something else
	return w.Code, p
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	read int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read += int64(n)
	return n, err
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A body is as large as the payloads of this hub make it, and no larger.
func TestTooLargeBodyIsNotRead(t *testing.T) {
	for name, test := range map[string]struct {
		maxPayload      int
		size, mostBytes int64
	}{
		"said":             {0, 85 << 20, 0},
		"not said":         {0, -1, 4 << 20},
		"small hub":        {1024, 300_000, 0},
		"small, not said":  {1024, -1, 200_000},
		"just over":        {1 << 20, 3<<20 + 128<<10 + 1, 0},
		"of the large hub": {64 << 20, 200 << 20, 0},
	} {
		t.Run(name, func(t *testing.T) {
			body := &counted{Reader: endless{}}
			status, p := post(httpapi.NewHandler(&testhub.Hub{}, httpapi.Options{MaxPayload: test.maxPayload}), body, test.size)
			if status != http.StatusRequestEntityTooLarge || p.Code != "payload_too_large" || p.Outcome != "not_sent" || !strings.Contains(p.Detail, "-max-payload") {
				t.Errorf("status %d, %+v", status, p)
			}
			if body.read > test.mostBytes {
				t.Errorf("%d bytes were read", body.read)
			}
		})
	}
}

// largeMessage is a message whose body is not small.
func largeMessage(size int) string {
	return `{"client_id":"a","wait_ack":true,"payload":"` + strings.Repeat("x", size) + `"}`
}

// Large bodies that come slowly take up the room for such; small ones do not need it.
func TestLargeBodiesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := httpapi.NewHandler(&testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
			return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, nil
		}}, httpapi.Options{})
		const large = 3 << 20
		var senders sync.WaitGroup
		var ends []*io.PipeWriter
		for range 5 {
			body, sender := io.Pipe()
			ends = append(ends, sender)
			senders.Go(func() {
				if status, p := post(handler, body, large); status != http.StatusBadRequest || p.Outcome != "not_sent" || !strings.Contains(p.Detail, "the body was cut short") {
					t.Errorf("a body that broke off: status %d, %+v", status, p)
				}
			})
		}
		synctest.Wait()
		message := largeMessage(1 << 20)
		begun := time.Now()
		status, p := post(handler, strings.NewReader(message), large)
		if status != http.StatusTooManyRequests || p.Code != "too_many_requests" || p.Outcome != "not_sent" || time.Since(begun) != 10*time.Second {
			t.Errorf("without room: status %d, %+v after %v", status, p, time.Since(begun))
		}
		small := largeMessage(1000)
		if status, p := post(handler, strings.NewReader(small), int64(len(small))); status != http.StatusOK {
			t.Errorf("a small one: status %d, %+v", status, p)
		}
		senders.Go(func() { // which waits until there is room
			if status, p := post(handler, strings.NewReader(message), int64(len(message))); status != http.StatusOK {
				t.Errorf("with room: status %d, %+v", status, p)
			}
		})
		for _, end := range ends {
			end.CloseWithError(errors.New("broken off"))
		}
		senders.Wait()
	})
}

// What waits for the acknowledgement of a large message does not keep others from
// being sent.
func TestRoomIsFreeOnceRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		handler := httpapi.NewHandler(&testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
			<-release
			return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, nil
		}}, httpapi.Options{})
		message := largeMessage(1 << 20)
		var senders sync.WaitGroup
		for range 20 {
			senders.Go(func() {
				if status, p := post(handler, strings.NewReader(message), -1); status != http.StatusOK {
					t.Errorf("status %d, %+v", status, p)
				}
			})
		}
		synctest.Wait()
		time.Sleep(time.Minute) // longer than anybody waits for room
		close(release)
		senders.Wait()
	})
}

// Bodies that come slowly keep the room of others for as long as they may need, and no longer.
func TestSlowBodiesAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: httpapi.NewHandler(&testhub.Hub{OnSend: func(context.Context, string, *protocol.DataMessage, bool, time.Duration) (*protocol.AckMessage, error) {
			return &protocol.AckMessage{Status: protocol.AckStatus_ACK_STATUS_SUCCESS}, nil
		}}, httpapi.Options{})}
		served := make(chan error)
		go func() { served <- server.Serve(listener) }()
		const large = 3 << 20
		var slow []net.Conn
		begun := time.Now()
		for range 6 {
			conn, _ := listener.dial(t.Context(), "", "")
			slow = append(slow, conn)
			go func() {
				_, _ = fmt.Fprintf(conn, "POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", large)
				for { // a byte now and then
					if _, err := conn.Write([]byte(" ")); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
		}
		synctest.Wait()
		for i, conn := range slow {
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("the slow sender %d: %v", i, err)
			}
			if took := time.Since(begun); response.StatusCode != http.StatusRequestTimeout && response.StatusCode != http.StatusTooManyRequests || took > 20*time.Second {
				t.Errorf("the slow sender %d: status %d after %v", i, response.StatusCode, took)
			}
			_ = conn.Close()
		}
		message := largeMessage(1 << 20)
		if status, p := post(server.Handler, strings.NewReader(message), int64(len(message))); status != http.StatusOK {
			t.Errorf("afterwards: status %d, %+v", status, p)
		}
		_ = server.Close()
		<-served
		time.Sleep(2 * time.Second) // for connections that linger
	})
}
