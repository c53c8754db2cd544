package integration

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what these tests know of a dashboard of Grafana.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel
}

type variable struct {
	Name, Type string
	Query      json.RawMessage
	Definition string
	Datasource datasource
}

type datasource struct{ Type, UID string }

type panel struct {
	ID                 int
	Type               string
	Title, Description string
	GridPos            struct{ X, Y, W, H int }
	Datasource         datasource
	Targets            []query
	Panels             []json.RawMessage // of a row that was folded
	FieldConfig        struct{ Defaults struct{ Unit string } }
	Options            struct {
		Content string
		YAxis   struct{ Unit string }
	}
}

type query struct {
	RefID        string
	Datasource   datasource
	Expr         string
	LegendFormat string
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(shipped(t, "grafana/quic-backbone.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDashboard checks what Grafana would only complain about when it is too late.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	if d.UID != "quic-backbone" || d.Title == "" || d.SchemaVersion < 39 {
		t.Errorf("uid %q, title %q, schema version %d", d.UID, d.Title, d.SchemaVersion)
	}
	var rows []string
	for i, p := range d.Panels {
		for _, other := range d.Panels[:i] {
			if p.ID == other.ID {
				t.Errorf("%q and %q have the same id", p.Title, other.Title)
			}
			if overlap(p, other) {
				t.Errorf("%q lies over %q", p.Title, other.Title)
			}
		}
		if g := p.GridPos; p.ID <= 0 || g.W <= 0 || g.H <= 0 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
			t.Errorf("%q has the id %d and the place %+v", p.Title, p.ID, g)
		}
		switch {
		case p.Type == "row":
			rows = append(rows, p.Title)
			if len(p.Panels) > 0 {
				t.Errorf("the row %q was saved folded: unfold it, so that its panels are checked", p.Title)
			}
		case p.Title == "" || p.Description == "":
			t.Errorf("panel %d, %q, has no title or no description", p.ID, p.Title)
		case p.Type == "text":
			if p.Options.Content == "" {
				t.Errorf("%q has no text", p.Title)
			}
		default:
			checkQueries(t, p)
		}
	}
	const want = "Overview, Traffic, Latency, Losses and errors, Queues and promises, Connections, Process"
	if got := strings.Join(rows, ", "); got != want {
		t.Errorf("the rows are %s, want %s", got, want)
	}
}

func overlap(a, b panel) bool {
	return a.GridPos.X < b.GridPos.X+b.GridPos.W && b.GridPos.X < a.GridPos.X+a.GridPos.W &&
		a.GridPos.Y < b.GridPos.Y+b.GridPos.H && b.GridPos.Y < a.GridPos.Y+a.GridPos.H
}

func checkQueries(t *testing.T, p panel) {
	t.Helper()
	chosen := datasource{"prometheus", "${datasource}"}
	if len(p.Targets) == 0 || p.Datasource != chosen || p.FieldConfig.Defaults.Unit+p.Options.YAxis.Unit == "" {
		t.Errorf("%q has %d queries of %+v, and the unit %q", p.Title, len(p.Targets), p.Datasource, p.FieldConfig.Defaults.Unit)
	}
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if q.RefID == "" || refs[q.RefID] || q.Datasource != chosen || q.LegendFormat == "" {
			t.Errorf("%q has the query %+v", p.Title, q)
		}
		refs[q.RefID] = true
		// Every selector has the variables, and rates suit the interval of the scrapes.
		for selector := range strings.SplitSeq(q.Expr, "{") {
			if selector, _, found := strings.Cut(selector, "}"); found && !strings.HasPrefix(selector, "alertname=") &&
				!strings.HasPrefix(selector, `job="$job", instance=~"$instance"`) {
				t.Errorf("%q selects {%s}", p.Title, selector)
			}
		}
		if ranges := regexp.MustCompile(`\[[^$]`); ranges.MatchString(q.Expr) {
			t.Errorf("%q has a range of its own: %s", p.Title, q.Expr)
		}
	}
}

// asGrafana returns what Grafana makes of an expression when a hub was chosen.
func asGrafana(expr, target string) string {
	escaped := strings.ReplaceAll(regexp.QuoteMeta(target), `\`, `\\`)
	return strings.NewReplacer(
		"$job", "quic-backbone", "$instance", escaped, "$__rate_interval", "2s", "$__range", "1m").Replace(expr)
}

// shown returns what the first query of a panel asks for.
func (p *prometheus) shown(title, target string) string {
	p.t.Helper()
	for _, panel := range readDashboard(p.t).Panels {
		if panel.Title == title {
			return asGrafana(panel.Targets[0].Expr, target)
		}
	}
	p.t.Fatalf("there is no panel %q", title)
	return ""
}

// checkDashboard asks for all that the dashboard shows of a hub.
func (p *prometheus) checkDashboard(target string) {
	p.t.Helper()
	d := readDashboard(p.t)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			p.checkVariable(v, target)
		}
	}
	for _, panel := range d.Panels {
		for _, q := range panel.Targets {
			sample := p.number(asGrafana(q.Expr, target))
			for _, label := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(q.LegendFormat, -1) {
				if _, ok := sample.labels[label[1]]; !ok {
					p.t.Errorf("the legend of %q has %s, and there is no such label in %v", panel.Title, label[0], sample.labels)
				}
			}
		}
	}
}

// checkVariable sees that there is one value to choose from.
func (p *prometheus) checkVariable(v variable, target string) {
	p.t.Helper()
	var asked struct{ Query string }
	if err := json.Unmarshal(v.Query, &asked); err != nil {
		p.t.Fatal(err)
	}
	parts := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(asked.Query)
	if parts == nil || asked.Query != v.Definition || v.Datasource.UID != "${datasource}" {
		p.t.Fatalf("the variable %s is %+v", v.Name, v)
	}
	var values []string
	p.ask("label/"+parts[2]+"/values", url.Values{"match[]": {asGrafana(parts[1], target)}}, &values)
	if len(values) != 1 {
		p.t.Errorf("the variable %s may be %q, want one value", v.Name, values)
	}
}
