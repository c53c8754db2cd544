package integration

import (
	"path/filepath"
	"strings"
	"testing"
)

const reporter = `sh -c 'printf "%s|%s|%s|%s|" "$QUIC_MESSAGE_ID" "$QUIC_MESSAGE_TYPE" "$QUIC_SENDER_ID" "$QUIC_CONFIG_SECRET"; cat'`

func TestHandlerOfAClient(t *testing.T) {
	t.Parallel()
	h := startHub(t)
	h.agent("a", "-handler", reporter)
	reply := h.ask("a", "the payload")
	if want := reply.MsgID + "|command|||the payload"; reply.Ack == nil || reply.Ack.Result != want {
		t.Errorf("answered %+v, want %q", reply.Ack, want)
	}
}

func TestHandlerOfTheHub(t *testing.T) {
	t.Parallel()
	h := startHub(t, "-handler", reporter)
	p := start(t, []string{"QUIC_CONFIG_SECRET=x"}, "quic-client",
		h.clientArgs("edge 7", "-send", "what", "-type", "query", "-wait-ack")...)
	p.Wait()
	id, rest, _ := strings.Cut(p.Stdout(), "|")
	if len(id) != 36 || rest != "query|edge 7||what" {
		t.Errorf("answered %q with the id %q", rest, id)
	}
}

func TestHandlerThatDoesNotExist(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"quic-server": {"-addr", "127.0.0.1:0", "-cert", filepath.Join(built.certs, "server.crt"), "-key", filepath.Join(built.certs, "server.key")},
		"quic-client": {"-id", "a"},
	} {
		p := run(t, name, append(args, "-handler", "no-such-program")...)
		if code := p.Wait(); code != 2 || !strings.Contains(p.Stderr(), "no-such-program") {
			t.Errorf("%s exited with %d and said %s", name, code, p.Stderr())
		}
	}
}
