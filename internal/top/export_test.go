package top

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// NewModel returns the model that Run runs, with its first sample.
func NewModel(ctx context.Context, list List, o Options) (tea.Model, error) {
	m := newModel(ctx, list, o)
	first := m.sample(0, o.Prefix)
	m.take(first)
	return m, first.err
}
