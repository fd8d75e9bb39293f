package main

import (
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// The text of an ignore file, and paths to be held against it.
type ignores struct {
	Text  string   `json:"text"`
	Paths []string `json:"paths"`
}

// Patterns of filepath.Match, and paths to be held against each.
type globs struct {
	Patterns []string `json:"patterns"`
	Paths    []string `json:"paths"`
}

type matches struct {
	Matches []bool `json:"matches"`
	Error   string `json:"error,omitempty"`
}

func (q ignores) answer() matches {
	patterns, err := ignorefile.ReadAll(strings.NewReader(q.Text))
	if err != nil {
		return matches{Error: err.Error()}
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return matches{Error: err.Error()}
	}
	// As fsutil asks when BuildKit transfers a context: each folder on the way first.
	return each(q.Paths, func(path string) (bool, error) {
		var matched bool
		var info patternmatcher.MatchInfo
		parts := strings.Split(path, "/")
		for i := range parts {
			var err error
			matched, info, err = matcher.MatchesUsingParentResults(strings.Join(parts[:i+1], "/"), info)
			if err != nil {
				return false, err
			}
		}
		return matched, nil
	})
}

func (q globs) answer() []matches {
	out := []matches{}
	for _, pattern := range q.Patterns {
		out = append(out, each(q.Paths, func(path string) (bool, error) { return filepath.Match(pattern, path) }))
	}
	return out
}

func each(paths []string, match func(string) (bool, error)) matches {
	out := matches{Matches: []bool{}}
	for _, path := range paths {
		matched, err := match(path)
		if err != nil {
			return matches{Error: err.Error()}
		}
		out.Matches = append(out.Matches, matched)
	}
	return out
}
