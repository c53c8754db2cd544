// Package reload keeps a value that is made of files, such as a certificate with its
// key, up to date while they change:
//
//	tokens, err := reload.Load(parseTokens, "tokens")
//	...
//	go tokens.Watch(ctx, func(err error) { ... }) // logs that they changed, or why they stay
//	...
//	tokens.Get().Check(token) // on any path, however hot: one atomic load
//
// The files are read again every few seconds, and their contents compared. That
// notices all that an event from the kernel would, and more: files that are renamed
// into place, links in a chain that are turned elsewhere (as Kubernetes does with
// its volumes), network file systems, folders that are mounted anew. The files are small,
// so it costs some microseconds; an inotify watch that was lost costs an outage.
//
// A change counts once two looks in a row have found the same, so that a file that is
// being written, or a pair of which half is written, is seldom read. If it is, it
// cannot be used or is read again a moment later. What cannot be used changes nothing.
package reload

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Files are files that are read again when they change, as those of a [Value].
type Files interface {
	// Watch keeps what they have up to date until ctx ends. It calls reloaded after
	// each change, and with an error when they cannot be used.
	Watch(ctx context.Context, reloaded func(error))
	// Reread looks at them at once.
	Reread() (changed bool, err error)
}

const (
	// Interval is the time between two looks at the files.
	Interval = 5 * time.Second
	// Settle is the time for which a change has to stay the same before it counts.
	Settle = time.Second
	// Patience is how long a look may take, which a hanging disk or network would draw out
	// for ever.
	Patience = 5 * time.Second
	// MaxBytes is the largest file that is read.
	MaxBytes = 64 << 20
)

// Parse makes a value of the contents of files, in the order of their paths.
type Parse[T any] func(contents [][]byte) (T, error)

// Value is a value that is made of files. All methods may be called from any
// goroutine.
type Value[T any] struct {
	paths []string
	parse Parse[T]
	once  bool // a file is a pipe or a device, which cannot be read a second time

	current atomic.Pointer[T]
	reading chan struct{} // has a place for who reads the files

	freshen sync.Mutex
	looked  time.Time // guarded by freshen

	mu   sync.Mutex
	sum  sum   // of what current was made of
	told state // what the last report was about, or the start
}

type sum [sha256.Size]byte

// Load reads the files, which have to be usable. An empty path stands for a file that
// there is none of, and has no content.
func Load[T any](parse Parse[T], paths ...string) (*Value[T], error) {
	v := &Value[T]{paths: paths, parse: parse, reading: make(chan struct{}, 1), looked: time.Now()}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			v.once = true
		}
	}
	contents, found, err := v.read()
	if err != nil {
		return nil, err
	}
	value, err := parse(contents)
	if err != nil {
		return nil, err
	}
	v.current.Store(&value)
	v.sum, v.told = found, state{sum: found}
	return v, nil
}

// Get returns the present value.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Fresh is Get, after a look at the files unless Fresh has looked within age: for what
// somebody may have changed just before it is asked for. A change that can be used counts
// at once. Watch reports it, as all that it finds itself.
func (v *Value[T]) Fresh(age time.Duration) T {
	if v.once || !v.freshen.TryLock() { // who comes while another looks takes what there is
		return v.Get()
	}
	defer v.freshen.Unlock()
	if now := time.Now(); now.Sub(v.looked) >= age {
		v.looked = now
		_, _, _ = v.reread()
	}
	return v.Get()
}

// Reread looks at the files at once, for who knows that they are complete, and
// reports whether the value was replaced. An error leaves it as it is. Watch does not
// report either once more.
func (v *Value[T]) Reread() (changed bool, err error) {
	if v.once {
		return false, nil
	}
	now, changed, err := v.reread()
	if changed || err != nil {
		v.tell(now)
	}
	return changed, err
}

func (v *Value[T]) reread() (now state, changed bool, err error) {
	contents, found, err := v.look(context.Background())
	now = newState(found, err)
	if err == nil {
		changed, err = v.use(contents, found)
	}
	return now, changed, err
}

// tell notes that now is reported, and returns whether that is something else than before.
func (v *Value[T]) tell(now state) (news bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	news = now != v.told
	v.told = now
	return news
}

// use replaces the value if it was made of something else.
func (v *Value[T]) use(contents [][]byte, found sum) (changed bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if found == v.sum {
		return false, nil
	}
	value, err := v.parse(contents)
	if err != nil {
		return false, err
	}
	v.current.Store(&value)
	v.sum = found
	return true, nil
}

// look is read for those who must not hang with a disk. There is one that does at most.
func (v *Value[T]) look(ctx context.Context) (contents [][]byte, found sum, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, fmt.Errorf("reading %q takes longer than %v", v.paths, Patience))
	defer cancel()
	select {
	case v.reading <- struct{}{}:
	case <-ctx.Done():
		return nil, sum{}, context.Cause(ctx)
	}
	type result struct {
		contents [][]byte
		found    sum
		err      error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-v.reading }()
		contents, found, err := v.read()
		done <- result{contents, found, err}
	}()
	select {
	case r := <-done:
		return r.contents, r.found, r.err
	case <-ctx.Done():
		return nil, sum{}, context.Cause(ctx)
	}
}

func (v *Value[T]) read() (contents [][]byte, found sum, err error) {
	contents = make([][]byte, len(v.paths))
	all := sha256.New()
	for i, path := range v.paths {
		if path != "" {
			if contents[i], err = readFile(path); err != nil {
				return nil, sum{}, err
			}
		}
		one := sha256.Sum256(contents[i])
		all.Write(one[:]) // so that it matters where one ends
	}
	return contents, sum(all.Sum(nil)), nil
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err == nil && len(content) > MaxBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, MaxBytes)
	}
	return content, err
}

// Watch keeps the value up to date until ctx ends. It calls reloaded, on the goroutine
// of its caller, with nil after each change, and when the files have become usable again;
// and with an error, once, when they cannot be used as they are. What Reread has returned
// is not reported again.
func (v *Value[T]) Watch(ctx context.Context, reloaded func(error)) {
	if v.once {
		return
	}
	v.mu.Lock()
	latest, wait := state{sum: v.sum}, Interval
	v.mu.Unlock()
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		contents, found, err := v.look(ctx)
		if ctx.Err() != nil {
			return
		}
		now := newState(found, err)
		if now != latest { // it may be about to change once more
			latest, wait = now, Settle
			continue
		}
		wait = Interval
		if !v.tell(now) {
			continue
		}
		if err == nil {
			_, err = v.use(contents, found)
		}
		reloaded(err)
	}
}

// state is what a look at the files has found.
type state struct {
	sum sum
	err string // why they could not be read
}

func newState(found sum, err error) state {
	if err != nil {
		return state{err: err.Error()}
	}
	return state{sum: found}
}
