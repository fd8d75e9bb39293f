package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	docker "github.com/fsouza/go-dockerclient"
	"github.com/openshift/imagebuilder"
	"oracle/lines"
)

func (e *evaluation) image(name, platform string) string {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return name
	}
	platform = cmp.Or(platform, e.Platform)
	// buildah reads what a FROM says as BuildKit does: amd64 is linux/amd64.
	if parsed, err := platforms.Parse(platform); err == nil {
		platform = platforms.Format(parsed)
	}
	return fmt.Sprintf("%s %s", reference.TagNameOnly(named), platform)
}

// What a name of FROM or --from stands for, with its steps.
func (e *evaluation) source(name string, index int) lines.Build {
	if below := find(e.stages, name, index); below >= 0 {
		return e.done[below].build
	}
	if name == "scratch" {
		return lines.Build{Image: "scratch"}
	}
	return lines.Build{Image: e.image(name, "")}
}

func (r *record) command(run imagebuilder.Run, config docker.Config) lines.Step {
	args := slices.Clone(run.Args)
	if len(run.Files) > 0 {
		args[len(args)-1] += "\n"
	}
	if run.Shell {
		shell := config.Shell
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		args = slices.Concat(shell, args)
	}
	var mounts []string
	for _, mount := range run.Mounts {
		if text := r.mount(mount, config.WorkingDir); text != "" {
			mounts = append(mounts, text)
		}
	}
	return lines.Command(args, config.Env, config.WorkingDir, config.User, mounts)
}

var fullName = map[string]string{"src": "source", "dst": "target", "destination": "target"}

func (r *record) mount(text, folder string) string {
	fields := map[string]string{"type": "bind"}
	for _, field := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(field, "=")
		fields[cmp.Or(fullName[key], key)] = value
	}
	if from := fields["from"]; fields["type"] == "bind" || fields["type"] == "cache" && from != "" {
		source := lines.Build{Image: "context"}
		if from != "" {
			source = r.source(from, r.stage)
		}
		target := fields["target"]
		if !strings.HasPrefix(target, "/") {
			target = folder + "/" + target
		}
		return strings.Join([]string{lines.Path(target), source.Sum(), lines.Path(fields["source"])}, " ")
	}
	return ""
}

func (r *record) copies(copy imagebuilder.Copy) []lines.Step {
	from := lines.Build{Image: "context"}
	if copy.From != "" {
		from = r.source(copy.From, r.stage)
	}
	var steps []lines.Step
	target := lines.Path(copy.Dest)
	for _, file := range copy.Files {
		steps = append(steps, lines.Step{From: strings.TrimPrefix(file.Data+"\n", "\n"), Target: target})
	}
	for _, source := range copy.Src {
		switch {
		case strings.HasPrefix(source, "<<") && len(copy.Files) > 0:
		case copy.Download && lines.Remote.MatchString(source):
			steps = append(steps, lines.Step{From: "an address", Target: target})
		case copy.Parents:
			steps = append(steps, lines.Step{From: from.Sum(), Source: lines.Parents, Target: target})
		default:
			steps = append(steps, lines.Step{From: from.Sum(), Source: lines.Path(source), Target: target})
		}
	}
	slices.SortFunc(steps, func(a, b lines.Step) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return steps
}

func configOf(config *docker.Config) lines.Config {
	out := lines.Config{
		Env: config.Env, Cmd: config.Cmd, Entrypoint: config.Entrypoint, Labels: config.Labels, User: config.User,
		Volumes: slices.Collect(maps.Keys(config.Volumes)), Triggers: config.OnBuild, Shell: config.Shell,
		Folder: config.WorkingDir, StopSignal: config.StopSignal,
	}
	for port := range config.ExposedPorts {
		out.Ports = append(out.Ports, string(port))
	}
	if config.Healthcheck != nil {
		out.Health = config.Healthcheck.Test
	}
	return out
}
