package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"
	"oracle/lines"
)

// The registry of a request: its images' configs.
type registry struct{ lines.Text }

func (r registry) ResolveImageConfig(_ context.Context, reference string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return reference, "", r.Base(reference), nil
}

var capabilities = pb.Caps.CapSet(pb.Caps.All())

// What a text means: the graph of its target, the image's config and history.
type meaning struct {
	Graph   string            `json:"graph"`
	Config  json.RawMessage   `json:"config"`
	History []string          `json:"history"`
	Ops     map[string]*pb.Op `json:"-"`
}

func meaningOf(q lines.Text) lines.Meaning {
	platform, err := platforms.Parse(q.Platform)
	if err != nil {
		return failed(err)
	}
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(q.Text), dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildArgs: q.Args, Target: q.Target, CacheIDNamespace: "namespace",
			BuildPlatforms: []ocispecs.Platform{platforms.MustParse("linux/amd64")},
		},
		TargetPlatform: &platform, MetaResolver: registry{q}, LLBCaps: &capabilities,
	})
	if err != nil {
		return failed(err)
	}
	definition, err := result.State.Marshal(context.Background())
	if err != nil {
		return failed(fmt.Errorf("marshal: %w", err))
	}
	image := *result.Image
	m := meaning{History: []string{}}
	for _, entry := range image.History {
		m.History = append(m.History, entry.CreatedBy)
	}
	image.History, image.Created = nil, nil
	sort.Strings(image.Config.Env)
	if m.Config, err = json.Marshal(image); err != nil {
		return failed(err)
	}
	if m.Graph, m.Ops, err = normalGraph(definition); err != nil {
		return failed(err)
	}
	hashed, _ := json.Marshal(m)
	build := buildOf(m.Graph, m.Ops, result)
	common, _ := json.Marshal(build)
	answer := lines.Meaning{
		Sum:   fmt.Sprintf("%x", sha256.Sum256(hashed)),
		Build: fmt.Sprintf("%x", sha256.Sum256(common)),
	}
	if q.Dump {
		answer.Dump = map[string]any{"build": build, "meaning": m, "ops": m.Ops}
	}
	return answer
}

func failed(err error) lines.Meaning {
	return lines.Meaning{Error: strings.ReplaceAll(err.Error(), "\n", " | ")}
}

// Digests the graph without what differs for no reason: the random id of each read of the context, and the order in which
// stages set the environment of a command. Names and lines lie beside the operations and are left out as they are.
func normalGraph(definition *llb.Definition) (root string, ops map[string]*pb.Op, err error) {
	renamed := map[string]string{}
	ops = map[string]*pb.Op{}
	for _, bytes := range definition.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(bytes); err != nil {
			return "", nil, err
		}
		for _, input := range op.Inputs {
			input.Digest = renamed[input.Digest]
			root = input.Digest
		}
		if source := op.GetSource(); source != nil {
			delete(source.Attrs, "local.unique")
		}
		if exec := op.GetExec(); exec != nil {
			sort.Strings(exec.Meta.Env)
		}
		normal, err := proto.MarshalOptions{Deterministic: true}.Marshal(op)
		if err != nil {
			return "", nil, err
		}
		name := digest.FromBytes(normal).String()
		renamed[digest.FromBytes(bytes).String()] = name
		ops[name] = op
	}
	return root, ops, nil // the last operation only names the result, its one input
}
