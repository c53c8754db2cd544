package guides

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/voilet/QuicFlow/internal/documents"
)

// play does what d says, at a place, and returns what went wrong first.
func play(d documents.Document, p place) error {
	all, err := d.Blocks()
	if err != nil {
		return err
	}
	s, err := newShell(p)
	if err != nil {
		return err
	}
	return errors.Join((&player{shell: s, document: d, blocks: all}).play(), s.end())
}

type player struct {
	*shell
	document documents.Document
	blocks   []documents.Block
	expected []func() error // what programs in the background should have printed in the end
}

func (p *player) play() error {
	for i, b := range p.blocks {
		if err := p.block(i); err != nil {
			return fmt.Errorf("%s, the block at line %d: %w", p.document.Path, b.Line, err)
		}
	}
	if err := p.stop(); err != nil {
		return fmt.Errorf("%s: %w", p.document.Path, err)
	}
	for _, check := range p.expected {
		if err := check(); err != nil {
			return fmt.Errorf("%s: %w", p.document.Path, err)
		}
	}
	return nil
}

func (p *player) block(i int) error {
	b := p.blocks[i]
	for _, option := range slices.Sorted(maps.Keys(b.Options)) {
		if option != "ready" && option != "file" || (option == "ready") != (b.Language == "bash") {
			return fmt.Errorf("nothing is known about %s behind %s", option, b.Language)
		}
	}
	shown := p.shownBehind(i)
	switch {
	case b.Options["file"] != "":
		return p.put(b.Options["file"], b.Text)
	case b.Language == "text" && (i == 0 || !b.Behind || p.blocks[i-1].Language != "bash"):
		return errors.New("no commands stand right before it: text is what they print; a picture has no language")
	case b.Language != "bash":
		return nil
	case b.Options["ready"] != "":
		j, err := p.background(b.Text, b.Options["ready"])
		if err == nil && shown != nil {
			p.expected = append(p.expected, func() error { return compare(*shown, j.output()) })
		}
		return err
	case waits(b.Text):
		return errors.New("a program in the background needs a block of its own, with ready=WORDS behind the language")
	}
	output, err := p.run(b.Text)
	if err == nil && shown != nil {
		err = compare(*shown, output)
	}
	return err
}

// shownBehind returns the block that shows what this one prints, if there is one.
func (p *player) shownBehind(i int) *documents.Block {
	if i+1 == len(p.blocks) {
		return nil
	}
	next := p.blocks[i+1]
	if !next.Behind || next.Language != "text" && next.Language != "json" {
		return nil
	}
	return &next
}

// waits reports whether a line leaves a program running for which nobody waits.
func waits(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasSuffix(strings.TrimSpace(line), " &") {
			return true
		}
	}
	return false
}
