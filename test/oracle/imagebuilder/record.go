package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	docker "github.com/fsouza/go-dockerclient"
	"github.com/openshift/imagebuilder"
	"oracle/lines"
)

// Writes down what a step asks the executor for, instead of doing it.
type record struct {
	*evaluation
	stage int
	out   []any
	steps []lines.Step
}

func (r *record) add(words ...any) { r.out = append(r.out, words) }

func (r *record) Preserve(path string) error {
	r.add("preserve", path)
	return nil
}

func (r *record) EnsureContainerPath(path string) error {
	r.add("folder", path)
	return nil
}

func (r *record) EnsureContainerPathAs(path, user string, _ *os.FileMode) error {
	r.add("folder", path, user)
	return nil
}

func (r *record) Copy(_ []string, copies ...imagebuilder.Copy) error {
	for _, copy := range copies {
		r.steps = append(r.steps, r.copies(copy)...)
		if copy.From != "" {
			var err error
			if copy.From, err = r.named(copy.From, r.stage); err != nil {
				return err
			}
		}
		r.add("copy", copy)
	}
	return nil
}

func (r *record) Run(run imagebuilder.Run, config docker.Config) error {
	r.steps = append(r.steps, r.command(run, config))
	for index, mount := range run.Mounts {
		fields := strings.Split(mount, ",")
		for at, field := range fields {
			name, ok := strings.CutPrefix(field, "from=")
			if !ok {
				continue
			}
			from, err := r.named(name, r.stage)
			if err != nil {
				return err
			}
			fields[at] = "from=" + from
		}
		run.Mounts[index] = strings.Join(fields, ",")
	}
	r.add("run", run, slices.Sorted(slices.Values(config.Env)), config.User, config.WorkingDir, config.Shell)
	return nil
}

func (r *record) UnrecognizedInstruction(step *imagebuilder.Step) error {
	return fmt.Errorf("unrecognized instruction %s", step.Command)
}
