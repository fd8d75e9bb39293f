package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	docker "github.com/fsouza/go-dockerclient"
	"github.com/openshift/imagebuilder"
	"oracle/lines"
)

type evaluation struct {
	lines.Text
	stages imagebuilder.Stages
	done   []stage
}

// What a stage means. Other stages stand in it by their sums, so the target's sum covers exactly what it reaches.
type stage struct {
	err      error
	build    lines.Build
	Sum      string         `json:"sum,omitempty"`
	From     string         `json:"from"`
	Platform string         `json:"platform,omitempty"`
	Steps    [][]any        `json:"steps"`
	Config   *docker.Config `json:"config"`
	Author   string         `json:"author,omitempty"`
}

func (e *evaluation) stage(index int) (out stage) {
	source := &e.stages[index]
	builder := source.Builder
	from, err := builder.From(source.Node)
	if err != nil {
		return stage{err: err}
	}
	config, err := e.base(&out, from, index)
	if err != nil {
		return stage{err: err}
	}
	builder.RunConfig = docker.Config{}
	if err := builder.FromImage(&docker.Image{Config: copied(config)}, source.Node); err != nil {
		return stage{err: err}
	}
	builder.RunConfig.Image = from // RUN asks for it
	out.Platform = builder.Platform
	out.build = e.source(from, index)
	if find(e.stages, from, index) < 0 && from != "scratch" {
		out.build.Image = e.image(from, out.Platform)
	}
	for _, node := range source.Node.Children {
		step := builder.Step()
		if err := step.Resolve(node); err != nil {
			return stage{err: err}
		}
		record := &record{evaluation: e, stage: index}
		if err := builder.Run(step, record, false); err != nil {
			return stage{err: err}
		}
		out.build.Steps = append(slices.Clip(out.build.Steps), record.steps...)
		if step.Command != "arg" {
			out.Steps = append(out.Steps, append([]any{step.Command}, record.out...))
		}
	}
	out.Author = builder.Author
	out.Config = builder.Config()
	out.Config.OnBuild = builder.RunConfig.OnBuild
	out.Config.Env = mergedEnv(config.Env, builder.RunConfig.Env)
	out.build.Config = configOf(out.Config)
	out.Sum = out.digest()
	return out
}

// Its triggers are no part of what a stage means to those above it: they run there.
func (s stage) digest() string {
	config := *s.Config
	config.OnBuild = nil
	s.Config = &config
	hashed, _ := json.Marshal(s)
	return fmt.Sprintf("%x", sha256.Sum256(hashed))
}

// Finds what a FROM names: its name in the meaning, and its config.
func (e *evaluation) base(out *stage, from string, index int) (*docker.Config, error) {
	var err error
	if out.From, err = e.named(from, index); err != nil {
		return nil, err
	}
	if below := find(e.stages, from, index); below >= 0 {
		return e.done[below].Config, nil
	}
	if from == "scratch" {
		return &docker.Config{}, nil
	}
	var image struct{ Config *docker.Config }
	if err := json.Unmarshal(e.Base(from), &image); err != nil {
		return nil, err
	}
	return image.Config, nil
}

// A name of FROM or --from as it stands in a meaning: a stage's by its sum.
func (e *evaluation) named(name string, index int) (string, error) {
	below := find(e.stages, name, index)
	if below < 0 {
		return name, nil
	}
	if err := e.done[below].err; err != nil {
		return "", fmt.Errorf("stage %d: %w", below, err)
	}
	return "stage " + e.done[below].Sum, nil
}

// A copy whose maps a later stage may change.
func copied(config *docker.Config) *docker.Config {
	out := *config
	out.Labels = maps.Clone(config.Labels)
	out.Volumes = maps.Clone(config.Volumes)
	out.ExposedPorts = maps.Clone(config.ExposedPorts)
	return &out
}

func mergedEnv(env, over []string) []string {
	values := map[string]string{}
	for _, entry := range slices.Concat(env, over) {
		name, _, _ := strings.Cut(entry, "=")
		values[name] = entry
	}
	out := slices.Collect(maps.Values(values))
	sort.Strings(out)
	return out
}
