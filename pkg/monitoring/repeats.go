package monitoring

import (
	"context"
	"log/slog"
	"net"
)

// Repeats is a [slog.Handler] that keeps one peer, or one handler that always
// fails, from flooding the log. It looks at records of level warn and above. The
// first of a kind is handed on at once; those that follow within 10 s are counted,
// and at the end of that time the last of them is handed on as it is, with the
// attribute "repeated", the number of records that it stands for. So as long as a
// failure goes on, it is told every 10 s, and every occurrence is in a line of its
// own or in a count. Records below warn are handed on as they come.
//
// Records of one kind have the same message, the same code, the same file, where they are
// about one, and the same peer: the host of their remote, or else their client_id. The host comes first because
// lines that have it are about connections that are not open yet, where the id is
// a mere claim that costs nothing to change. An attribute counts wherever it comes
// from, With included, and in any group opened by WithGroup.
//
// Of up to 4,096 kinds the first record within 10 s is handed on at once. Beyond
// these, records with the same message are of one kind, and the one with their
// count has the attribute "several".
//
// What is counted is kept for up to 10 s, without its context: values of
// attributes must not change. A handler of a program that ends sooner needs
// [Repeats.Flush]. Servers, clients and dispatchers limit what they log themselves,
// each for itself or, if their loggers already have the same Repeats, together. It
// has to be the outermost handler: one behind another would count counts.
type Repeats struct {
	next     slog.Handler
	kind     kind // as far as attributes of With tell
	episodes *episodes
}

// kind is what records have in common that count as repeats.
type kind struct {
	message, code string
	file          string
	peer          string
	host          bool // peer is a host, not a client's id
	several       bool // any code, file and peer
}

// NewRepeats returns a handler that hands records on to next, or next itself if
// it is a Repeats.
func NewRepeats(next slog.Handler) *Repeats {
	if limited, ok := next.(*Repeats); ok {
		return limited
	}
	return &Repeats{next: next, episodes: newEpisodes()}
}

// Flush hands on what was only counted so far. When it returns, nothing waits to
// be told, until something else is repeated.
func (h *Repeats) Flush() { h.episodes.tell(h.episodes.all) }

// Enabled reports what the next handler does.
func (h *Repeats) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle hands r on, or counts it.
func (h *Repeats) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return h.next.Handle(ctx, r)
	}
	first, displaced := h.episodes.see(h.kindOf(&r), r, h.next)
	displaced.tell()
	if !first {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs returns a handler that shares its counts with h.
func (h *Repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.next = h.next.WithAttrs(attrs)
	for _, a := range attrs {
		with.kind.note(a)
	}
	return &with
}

// WithGroup returns a handler that shares its counts with h.
func (h *Repeats) WithGroup(name string) slog.Handler {
	with := *h
	with.next = h.next.WithGroup(name)
	return &with
}

func (h *Repeats) kindOf(r *slog.Record) kind {
	k := h.kind
	k.message = r.Message
	r.Attrs(func(a slog.Attr) bool {
		k.note(a)
		return true
	})
	return k
}

// note takes from a what it says about the kind.
func (k *kind) note(a slog.Attr) {
	switch a.Key {
	case "code":
		k.code = a.Value.Resolve().String()
	case "file":
		k.file = a.Value.Resolve().String()
	case "remote":
		k.peer, k.host = a.Value.Resolve().String(), true
		if host, _, err := net.SplitHostPort(k.peer); err == nil {
			k.peer = host
		}
	case "client_id":
		if !k.host {
			k.peer = a.Value.Resolve().String()
		}
	}
}
