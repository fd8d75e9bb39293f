// Program imagebuilder answers what imagebuilder, buildah's evaluator, makes of Dockerfiles.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/openshift/imagebuilder"
	"oracle/lines"
)

func main() { lines.Serve(meaningOf) }

// Evaluates all stages up to the target as buildah drives it; what fails in a stage counts only where the target needs it.
func meaningOf(q lines.Text) lines.Meaning {
	stages, err := stagesOf(q)
	if err != nil {
		return failed(err)
	}
	evaluation := evaluation{Text: q, stages: stages}
	for index := range stages {
		evaluation.done = append(evaluation.done, evaluation.stage(index))
	}
	target := evaluation.done[len(stages)-1]
	if target.err != nil {
		return failed(target.err)
	}
	build := target.build.Normal()
	common, _ := json.Marshal(build)
	answer := lines.Meaning{
		Build: fmt.Sprintf("%x", sha256.Sum256(common)),
		Sum:   strings.Join(append([]string{target.Sum}, target.Config.OnBuild...), "\n"),
	}
	if q.Dump {
		answer.Dump = map[string]any{"build": build, "stages": evaluation.done}
	}
	return answer
}

func stagesOf(q lines.Text) (imagebuilder.Stages, error) {
	node, err := imagebuilder.ParseDockerfile(strings.NewReader(q.Text))
	if err != nil {
		return nil, err
	}
	platform, err := platforms.Parse(q.Platform)
	if err != nil {
		return nil, err
	}
	builder := imagebuilder.NewBuilder(q.Args)
	builder.BuiltinArgDefaults = map[string]string{
		"TARGETPLATFORM": q.Platform, "TARGETOS": platform.OS, "TARGETARCH": platform.Architecture, "TARGETVARIANT": platform.Variant,
	}
	stages, err := imagebuilder.NewStages(node, builder)
	if err != nil {
		return nil, err
	}
	stages, ok := stages.ThroughTarget(q.Target)
	if !ok {
		return nil, fmt.Errorf("there is no target %q", q.Target)
	}
	if len(stages) == 0 {
		return nil, errors.New("there is no stage")
	}
	return stages, nil
}

// The stage that buildah takes for a name, from those in front of one; -1 where it takes an image.
func find(stages imagebuilder.Stages, name string, before int) int {
	for index := before - 1; index >= 0; index-- {
		if stages[index].Name == name {
			return index
		}
	}
	if index, err := strconv.Atoi(name); err == nil && index >= 0 && index < before {
		return index
	}
	return -1
}

func failed(err error) lines.Meaning {
	return lines.Meaning{Error: strings.ReplaceAll(err.Error(), "\n", " | ")}
}
