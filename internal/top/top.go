// Package top shows the clients of a hub on a whole terminal, with how much each
// sends and receives at the time.
//
// The table is a bubbletea model: Update takes keys and samples of the hub's list of
// clients, View draws. A sample is one request for each page of the list; the next
// comes an interval after the one before has arrived, so a slow hub is asked less.
package top

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/voilet/QuicFlow/internal/console"
	"github.com/voilet/QuicFlow/internal/httpapi"
)

// List returns the connected clients whose ids begin with prefix.
type List func(ctx context.Context, prefix string) (httpapi.ClientPage, error)

// Options say what to show, and how to begin.
type Options struct {
	Hub      string        // what the hub is called
	Interval time.Duration // between two samples
	Prefix   string        // of the ids
	Sort     string        // one of [Columns]
	Colours  console.Colours
}

// Run shows the table until somebody quits or ctx ends, and then restores the
// terminal. It fails, with the terminal as it was, when the first sample does.
func Run(ctx context.Context, list List, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of a request that is under way
	m := newModel(ctx, list, o)
	first := m.sample(0, o.Prefix)
	if first.err != nil {
		return first.err
	}
	m.take(first)
	p := tea.NewProgram(m, tea.WithoutSignalHandler())
	stop := context.AfterFunc(ctx, p.Quit)
	defer stop()
	_, err := p.Run()
	return err
}
