package program

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/voilet/QuicFlow/internal/settings"
	qerrors "github.com/voilet/QuicFlow/pkg/errors"
)

// RereadOnHangup makes SIGHUP set the level to what the file of -config says by
// then, until Close. A file that cannot be used changes nothing. What happens is
// logged with a level that is seen. Without a file the signal is logged, and leaves
// the level; on Windows there is none.
//
// A SIGHUP that comes because the terminal was closed that controls the program is what
// it always was: it ends the context that is returned, unless nohup has the signal
// ignored.
func (l *Logger) RereadOnHangup(ctx context.Context, cmd *cli.Command) context.Context {
	ctx, end := context.WithCancelCause(ctx)
	var terminals []*os.File
	if !signal.Ignored(syscall.SIGHUP) {
		terminals = controlling(os.Stdin, os.Stderr)
	}
	l.hangups = make(chan os.Signal, 1) // one more while the file is read will do
	signal.Notify(l.hangups, syscall.SIGHUP)
	l.reader.Go(func() {
		defer end(nil)
		for range l.hangups {
			if len(controlling(terminals...)) < len(terminals) {
				end(errors.New("the terminal was closed"))
				continue
			}
			l.reread(cmd)
			if also := l.also.Load(); also != nil {
				(*also)()
			}
		}
	})
	return ctx
}

// controlling returns those of the files that are the terminal that controls this process.
func controlling(files ...*os.File) (all []*os.File) {
	for _, file := range files {
		if controls(file) {
			all = append(all, file)
		}
	}
	return all
}

// AlsoOnHangup makes SIGHUP call f, after the level was set.
func (l *Logger) AlsoOnHangup(f func()) { l.also.Store(&f) }

func (l *Logger) ignoreHangups() {
	if l.hangups == nil {
		return
	}
	signal.Stop(l.hangups)
	close(l.hangups)
	l.reader.Wait()
	l.hangups = nil
}

func (l *Logger) reread(cmd *cli.Command) {
	ctx, before := context.Background(), l.level.Level()
	if cmd.String("config") == "" {
		l.answers.Log(ctx, l.seen(slog.LevelInfo), "SIGHUP leaves the log level without -config", "log_level", levelName(before))
		return
	}
	flag := levelFlag("")
	beatenBy, err := settings.Reread(cmd, flag)
	switch {
	case err != nil:
		l.answers.Log(ctx, l.seen(slog.LevelError), "the log level stays", "log_level", levelName(before),
			"code", qerrors.CodeOf(err), "error", err)
	case beatenBy != "":
		l.answers.Log(ctx, l.seen(slog.LevelWarn), "the log level stays: it is set by what beats the file",
			"log_level", levelName(before), "set_by", beatenBy)
	default:
		after, _ := parseLevel(flag.Get().(string), l.standard) // the flag has refused what is none
		l.level.Set(after)                                      // before the line says so
		l.answers.Log(ctx, max(slog.LevelInfo, min(before, after)), "log level set", "log_level", levelName(after), "before", levelName(before))
	}
}

// seen returns the level for a line that has to be seen, at least least.
func (l *Logger) seen(least slog.Level) slog.Level { return max(least, l.level.Level()) }
