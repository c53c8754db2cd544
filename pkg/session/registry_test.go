package session_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/session"
)

// member is what belongs to one session here.
type member struct{ session *session.Session }

func (m *member) Session() *session.Session { return m.session }

func newMember(clientID string) *member { return &member{newSession(clientID)} }

// unheard is for tests that look at what Add and Remove return.
func unheard(*member) {}

func unheardOf() {}

func TestRegistry(t *testing.T) {
	r := session.NewRegistry[*member](2)
	a, b, c, again := newMember("a"), newMember("b"), newMember("c"), newMember("a")
	add := func(m *member, wantReplaced *member, want error) {
		t.Helper()
		replaced, err := r.Add(m, unheard)
		if replaced != wantReplaced || !errors.Is(err, want) {
			t.Fatalf("adding %s: replaced %v, %v; want %v, %v", m.session.ClientID(), replaced, err, wantReplaced, want)
		}
	}
	add(a, nil, nil)
	add(b, nil, nil)
	add(c, nil, qerrors.ErrTooManyClients)
	add(again, a, nil) // needs no place of its own
	if r.Remove(a, unheardOf) {
		t.Error("the member that was replaced took its successor out")
	}
	if got, ok := r.Get("a"); got != again || !ok {
		t.Errorf("a is %v (%v), want the second one", got, ok)
	}
	if got, ok := r.Get("c"); got != nil || ok {
		t.Errorf("c, which was refused, is %v", got)
	}
	if !r.Remove(b, unheardOf) || r.Remove(b, unheardOf) || r.Remove(c, unheardOf) {
		t.Error("Remove does not say who was there")
	}
	add(c, nil, nil)

	left := r.Close(qerrors.ErrClosed)
	if len(left) != 2 || !slices.Contains(left, again) || !slices.Contains(left, c) {
		t.Errorf("Close returned %v, want a and c", left)
	}
	add(newMember("d"), nil, qerrors.ErrClosed)
	add(newMember("a"), nil, qerrors.ErrClosed) // nor in the place of another
	if r.Len() != 2 || !r.Remove(again, unheardOf) || !r.Remove(c, unheardOf) || r.Len() != 0 {
		t.Errorf("%d are left", r.Len())
	}
}

func TestUnlimited(t *testing.T) {
	r := session.NewRegistry[*member](0)
	for i := range 5000 {
		if _, err := r.Add(newMember(fmt.Sprint(i)), unheard); err != nil {
			t.Fatal(err)
		}
	}
	if r.Len() != 5000 || len(r.All()) != 5000 {
		t.Errorf("%d and %d, want 5000", r.Len(), len(r.All()))
	}
}

// TestPages: page after page, the members with a prefix come in order, each once,
// and no page costs more memory because there are more of them.
func TestPages(t *testing.T) {
	r := session.NewRegistry[*member](0)
	var want []string
	for i := range 5000 {
		want = append(want, fmt.Sprintf("node-%04d", i))
		for _, id := range []string{want[i], fmt.Sprint("other-", i)} {
			if _, err := r.Add(newMember(id), unheard); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, limit := range []int{1, 7, 1250, 4999, 5000, 6000} {
		var got []string
		for after := ""; len(got) < len(want); after = got[len(got)-1] {
			page, total := r.Page("node-", after, limit)
			if total != len(want) || len(page) > limit || len(page) == 0 {
				t.Fatalf("limit %d: a page of %d, in all %d, want %d", limit, len(page), total, len(want))
			}
			for _, m := range page {
				got = append(got, m.session.ClientID())
			}
			if limit == 1 && len(got) == 20 {
				break // the others would be alike
			}
		}
		if !slices.Equal(got, want[:len(got)]) {
			t.Errorf("limit %d: got %.20q", limit, got)
		}
	}
	if page, total := r.Page("nobody-", "", 10); len(page) != 0 || total != 0 {
		t.Errorf("of those with another prefix there are %d of %d", len(page), total)
	}
	if page, total := r.Page("node-", "", -1); len(page) != 0 || total != len(want) {
		t.Errorf("a page of nothing has %d of %d", len(page), total)
	}
	if allocated := testing.AllocsPerRun(10, func() { r.Page("", "", 100) }); allocated > 10 {
		t.Errorf("a page of 100 of 10,000 took %v allocations, want only what grows a slice of 200", allocated)
	}
}

// TestRegistryModel compares a registry with a map.
func TestRegistryModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 3).Draw(t, "limit")
		r := session.NewRegistry[*member](limit)
		model := map[string]*member{}
		var all []*member
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				m := newMember(id.Draw(t, "id"))
				there := model[m.session.ClientID()]
				fits := there != nil || limit == 0 || len(model) < limit
				reports := 0
				replaced, err := r.Add(m, func(reported *member) {
					if reports++; reported != there {
						t.Fatalf("Add reported %v in the place of %v", reported, there)
					}
				})
				if (err == nil) != fits || (reports == 1) != fits || fits && replaced != there {
					t.Fatalf("Add returned %v, %v and reported %d times; %v was there, and there was room: %v", replaced, err, reports, there, fits)
				}
				if fits {
					model[m.session.ClientID()] = m
				}
				all = append(all, m)
			},
			"remove": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip("nothing was added")
				}
				m := rapid.SampledFrom(all).Draw(t, "member")
				there := model[m.session.ClientID()] == m
				reports := 0
				if r.Remove(m, func() { reports++ }) != there || (reports == 1) != there {
					t.Fatalf("Remove reported %d times, and it was there: %v", reports, there)
				}
				if there {
					delete(model, m.session.ClientID())
				}
			},
			"": func(t *rapid.T) {
				got := map[string]*member{}
				for _, m := range r.All() {
					got[m.session.ClientID()] = m
				}
				if !maps.Equal(got, model) || r.Len() != len(model) {
					t.Fatalf("the registry has %v, want %v", got, model)
				}
			},
		})
	})
}
