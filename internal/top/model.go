package top

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/voilet/QuicFlow/internal/httpapi"
)

// model is what the terminal shows. It belongs to the loop of the program; only
// what sample reads is read by another goroutine, and that never changes.
type model struct {
	ctx  context.Context
	list List
	Options

	width, height int

	round  int // counts requests: answers of those before come too late
	before sampled
	total  int // clients with the prefix, as the hub says
	rows   []row
	widths map[string]int // that the rows would like, by title
	all    totals
	err    error // of the last request

	by      int // the column to sort by
	reverse bool
	offset  int // of the first row that is shown

	editing bool   // of the prefix
	draft   string // what it would become
}

func newModel(ctx context.Context, list List, o Options) *model {
	return &model{ctx: ctx, list: list, Options: o, by: max(0, slices.Index(Columns(), o.Sort)), width: 80, height: 24}
}

// sampleMsg is an answer of the hub.
type sampleMsg struct {
	round int
	page  httpapi.ClientPage
	err   error
	at    time.Time
}

// tickMsg says that it is time for the next request.
type tickMsg struct{ round int }

func (m *model) Init() tea.Cmd { return m.tick() }

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		cmd = m.key(msg)
	case tea.PasteMsg:
		m.enter(msg.Content)
	case tickMsg:
		if msg.round == m.round {
			cmd = m.request()
		}
	case sampleMsg:
		if msg.round == m.round {
			m.take(msg)
			cmd = m.tick()
		}
	}
	m.scroll(0)
	return m, cmd
}

func (m *model) tick() tea.Cmd {
	round := m.round
	return tea.Tick(m.Interval, func(time.Time) tea.Msg { return tickMsg{round} })
}

// request asks the hub. Answers to earlier requests do not count any more.
func (m *model) request() tea.Cmd {
	m.round++
	round, prefix := m.round, m.Prefix
	return func() tea.Msg { return m.sample(round, prefix) }
}

// sample asks the hub and waits for the answer.
func (m *model) sample(round int, prefix string) sampleMsg {
	page, err := m.list(m.ctx, prefix)
	return sampleMsg{round, page, err, time.Now()}
}

// take shows a sample. What was shown before stays when there is none.
func (m *model) take(s sampleMsg) {
	if m.err = s.err; m.err != nil {
		return
	}
	m.rows, m.all = newRows(s.page.Clients, s.at, m.before)
	m.before, m.total, m.widths = remember(s.page.Clients, s.at), s.page.Total, wanted(m.rows)
	m.sort()
}

func (m *model) sort() { sortRows(m.rows, columns()[m.by], m.reverse) }

// filtered returns the rows to show: while a prefix is being typed those that it
// would leave of what there is.
func (m *model) filtered() []row {
	if !m.editing {
		return m.rows
	}
	return slices.DeleteFunc(slices.Clone(m.rows), func(r row) bool { return !strings.HasPrefix(r.ClientID, m.draft) })
}

// scroll moves the first row that is shown, within what there is.
func (m *model) scroll(by int) {
	last := len(m.filtered()) - m.bodyHeight()
	m.offset = max(0, min(m.offset+by, last))
}
