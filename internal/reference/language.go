package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// language has the translations of texts. A nil one leaves them as they are.
type language map[string]string

func readLanguage(path string) (language, error) {
	l := language{}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil // every text is missing, which is reported with the first that is needed
	}
	if err != nil {
		return nil, err
	}
	if err := yaml.Load(data, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// text returns a text of the code in the language of the document.
func (r *reference) text(english string) string {
	if r.language == nil || english == "" {
		return english
	}
	translated := r.language[english]
	if translated == "" && !slices.Contains(r.missing, english) {
		r.missing = append(r.missing, english)
	}
	return translated
}

// list returns items as a list within a sentence.
func (r *reference) list(items []string) string {
	if r.language == nil {
		return strings.Join(items, ", ")
	}
	return strings.Join(items, "、")
}

// paragraph returns sentences, one after another: Chinese has no blanks between them.
func (r *reference) paragraph(sentences []string) string {
	if r.language == nil {
		return strings.Join(sentences, " ")
	}
	return strings.Join(sentences, "")
}

// untranslated returns an error that lists what is missing, ready to be filled in.
func (r *reference) untranslated() error {
	if len(r.missing) == 0 {
		return nil
	}
	var list strings.Builder
	for _, english := range r.missing {
		fmt.Fprintf(&list, "\n%q: ", english)
	}
	return errors.New("texts without a translation: add them to internal/reference/zh.yaml" + list.String())
}
