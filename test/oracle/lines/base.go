package lines

import "encoding/json"

// Text asks what a Dockerfile means for one target.
type Text struct {
	Text     string            `json:"text"`
	Args     map[string]string `json:"args"`
	Target   string            `json:"target"`
	Platform string            `json:"platform"`
	// Configs of images, such as {"config": {"Env": ["A=b"]}}, by reference as written or "*" for all others.
	Bases map[string]json.RawMessage `json:"bases"`
	// Answer with what was hashed too, for people.
	Dump bool `json:"dump"`
}

// Meaning is what an engine makes of a text: equal sums mean equal builds.
type Meaning struct {
	Error string `json:"error,omitempty"`
	Sum   string `json:"sum,omitempty"`
	// The same in words that both engines share.
	Build string `json:"build,omitempty"`
	Dump  any    `json:"dump,omitempty"`
}

const plainBase = `{
	"architecture": "amd64",
	"os": "linux",
	"rootfs": {"type": "layers", "diff_ids": ["sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]},
	"config": {"Env": ["PATH=/usr/bin:/bin", "BASEVAR=from base/x"], "Cmd": ["/bin/sh"], "WorkingDir": "/basewd"}
}`

// Base is the config of an image that the text names.
func (text Text) Base(reference string) json.RawMessage {
	for _, name := range []string{reference, "*"} {
		if config, ok := text.Bases[name]; ok {
			return config
		}
	}
	return json.RawMessage(plainBase)
}
