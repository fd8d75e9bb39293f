package main

import (
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Words to be expanded by BuildKit's lexer.
type words struct {
	Words  []string `json:"words"`
	Env    []string `json:"env"`
	Escape string   `json:"escape"`
}

type expansion struct {
	Text  *string `json:"text,omitempty"`
	Error string  `json:"error,omitempty"`
}

func (q words) answer() []expansion {
	out := []expansion{}
	env := shell.EnvsFromSlice(q.Env)
	for _, word := range q.Words {
		text, _, err := shell.NewLex(rune(q.Escape[0])).ProcessWord(word, env)
		if err != nil {
			out = append(out, expansion{Error: err.Error()})
			continue
		}
		out = append(out, expansion{Text: &text})
	}
	return out
}

// Lines whose heredocs are wanted.
type heredocs struct {
	Lines []string `json:"lines"`
}

type heredoc struct {
	Name   string `json:"name"`
	Chomp  bool   `json:"chomp"`
	Expand bool   `json:"expand"`
}

// Does what BuildKit's parser does with a line; it exports the second half only.
func (q heredocs) answer() [][]heredoc {
	out := [][]heredoc{}
	for _, line := range q.Lines {
		lex := shell.NewLex('\\')
		lex.RawQuotes, lex.RawEscapes, lex.SkipUnsetEnv = true, true, true
		words, _ := lex.ProcessWords(line, shell.EnvsFromSlice(nil))
		found := []heredoc{}
		for _, word := range words {
			if one, err := parser.ParseHeredoc(word); err == nil && one != nil {
				found = append(found, heredoc{one.Name, one.Chomp, one.Expand})
			}
		}
		out = append(out, found)
	}
	return out
}
