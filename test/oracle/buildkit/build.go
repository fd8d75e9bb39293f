package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/solver/pb"
	"oracle/lines"
)

// A graph's operations by digest, and the builds that end in them.
type graph struct {
	ops   map[string]*pb.Op
	known map[string]lines.Build
}

func (g graph) input(op *pb.Op, index int64) lines.Build {
	if index < 0 {
		return lines.Build{Image: "scratch"}
	}
	return g.build(op.Inputs[index].Digest)
}

func (g graph) build(digest string) lines.Build {
	if build, ok := g.known[digest]; ok {
		return build
	}
	op := g.ops[digest]
	build := lines.Build{Image: "scratch"}
	switch {
	case op.GetSource() != nil:
		build.Image = sourceName(op)
	case op.GetExec() != nil:
		build = g.command(op)
	case op.GetFile() != nil:
		build = g.files(op)
	case op.GetMerge() != nil:
		build = g.build(op.Inputs[0].Digest)
		for _, input := range op.Inputs[1:] {
			build.Steps = slices.Concat(build.Steps, g.build(input.Digest).Steps)
		}
	}
	g.known[digest] = build
	return build
}

func sourceName(op *pb.Op) string {
	name, isImage := strings.CutPrefix(op.GetSource().Identifier, "docker-image://")
	if isImage {
		return fmt.Sprintf("%s %s/%s%s", name, op.Platform.OS, op.Platform.Architecture, op.Platform.Variant)
	}
	return strings.TrimPrefix(name, "local://")
}

func (g graph) command(op *pb.Op) lines.Build {
	exec := op.GetExec()
	var below lines.Build
	var mounts []string
	for _, mount := range exec.Mounts {
		switch {
		case mount.Dest == "/":
			below = g.input(op, mount.Input)
		case strings.HasPrefix(mount.Dest, "/dev/pipes"): // a heredoc's script
		case mount.MountType == pb.MountType_BIND, mount.MountType == pb.MountType_CACHE:
			from := g.input(op, mount.Input)
			if mount.MountType == pb.MountType_CACHE && from.Image == "scratch" && len(from.Steps) == 0 {
				continue // an empty one, with or without an owner of its own
			}
			mounts = append(mounts, strings.Join([]string{mount.Dest, from.Sum(), lines.Path(mount.Selector)}, " "))
		}
	}
	step := lines.Command(exec.Meta.Args, exec.Meta.Env, exec.Meta.Cwd, exec.Meta.User, mounts)
	below.Steps = append(slices.Clip(below.Steps), step)
	return below
}

// Marks a file that a heredoc is.
const made = "made"

func (g graph) files(op *pb.Op) lines.Build {
	actions := op.GetFile().Actions
	below := g.input(op, int64(actions[0].Input))
	var steps []lines.Step
	for _, action := range actions {
		if file := action.GetMkfile(); file != nil {
			steps = append(steps, lines.Step{From: string(file.Data), Source: made, Target: file.Path})
		}
		if copy := action.GetCopy(); copy != nil {
			steps = append(steps, g.copied(op, action.SecondaryInput, copy))
		}
	}
	slices.SortFunc(steps, func(a, b lines.Step) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	below.Steps = slices.Concat(below.Steps, steps)
	return below
}

func (g graph) copied(op *pb.Op, input int64, copy *pb.FileActionCopy) lines.Step {
	target := lines.Path(copy.Dest)
	from := g.input(op, input)
	if from.Image == "scratch" && len(from.Steps) == 1 && from.Steps[0].Source == made && from.Steps[0].Target == copy.Src {
		return lines.Step{From: from.Steps[0].From, Target: target}
	}
	if lines.Remote.MatchString(from.Image) {
		return lines.Step{From: "an address", Target: target}
	}
	source := lines.Path(copy.Src)
	if len(copy.IncludePatterns) > 0 {
		source = lines.Parents
	}
	return lines.Step{From: from.Sum(), Source: source, Target: target}
}

func buildOf(root string, ops map[string]*pb.Op, result *dockerfile2llb.Result) lines.Build {
	build := lines.Build{Image: "scratch"}
	if root != "" {
		build = graph{ops, map[string]lines.Build{}}.build(root)
	}
	config := result.Image.Config
	build.Config = lines.Config{
		Env: config.Env, Cmd: config.Cmd, Entrypoint: config.Entrypoint, Labels: config.Labels, User: config.User,
		Volumes: slices.Collect(maps.Keys(config.Volumes)), Ports: slices.Collect(maps.Keys(config.ExposedPorts)),
		Triggers: config.OnBuild, Shell: config.Shell, Folder: config.WorkingDir, StopSignal: config.StopSignal,
	}
	if config.Healthcheck != nil {
		build.Config.Health = config.Healthcheck.Test
	}
	return build.Normal()
}
