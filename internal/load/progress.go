package load

import "time"

// Progress is what a run is doing.
type Progress struct {
	Doing   string
	Count   int64 // of what it does: messages or connections
	Elapsed time.Duration
}

// activity is where the progress comes from.
type activity struct {
	what  string
	count func() int64
	begun time.Time
}

// doing notes what the run does from now on.
func (r *Run) doing(what string, count func() int64) {
	r.activity.Store(&activity{what, count, time.Now()})
}

// watchInterval is how often Watch is called.
const watchInterval = 200 * time.Millisecond

// watch calls Watch until stop is called, which returns when no call is under way.
func (r *Run) watch() (stop func()) {
	if r.Watch == nil {
		return func() {}
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(watchInterval)
		defer ticker.Stop()
		for {
			select {
			case <-over:
				return
			case <-ticker.C:
			}
			if a := r.activity.Load(); a != nil {
				r.Watch(Progress{a.what, a.count(), time.Since(a.begun)})
			}
		}
	}()
	return func() {
		close(over)
		<-ended
	}
}
