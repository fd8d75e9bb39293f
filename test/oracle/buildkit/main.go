// Program buildkit answers what BuildKit makes of Dockerfiles, words, ignore files and patterns.
package main

import "oracle/lines"

// A request is of the kind whose field is there.
type request struct {
	lines.Text
	Words    *words    `json:"words"`
	Heredocs *heredocs `json:"heredocs"`
	Ignores  *ignores  `json:"ignores"`
	Globs    *globs    `json:"globs"`
}

func answer(q request) any {
	switch {
	case q.Words != nil:
		return q.Words.answer()
	case q.Heredocs != nil:
		return q.Heredocs.answer()
	case q.Ignores != nil:
		return q.Ignores.answer()
	case q.Globs != nil:
		return q.Globs.answer()
	}
	return meaningOf(q.Text)
}

func main() { lines.Serve(answer) }
