package lines

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Build is what a text means in words that both engines share: the steps from an image up to the target, and its config.
type Build struct {
	Image  string `json:"image"`
	Steps  []Step `json:"steps"`
	Config Config `json:"config"`
}

// Step is a command or one copied thing.
type Step struct {
	Run    []string `json:"run,omitempty"`
	Env    []string `json:"env,omitempty"`
	Folder string   `json:"folder,omitempty"`
	User   string   `json:"user,omitempty"`
	Mounts []string `json:"mounts,omitempty"`
	// An image with the sum of its steps, the context, an address, or a heredoc's text.
	From   string `json:"from,omitempty"`
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
}

// Config is what an image's config says of how it runs.
type Config struct {
	Env, Cmd, Entrypoint, Volumes, Ports, Triggers, Health, Shell []string
	Labels                                                        map[string]string
	User, Folder, StopSignal                                      string
}

// Sum is equal where the steps are; the config is no part of it.
func (b Build) Sum() string {
	hashed, _ := json.Marshal([]any{b.Image, b.Steps})
	return fmt.Sprintf("%s %x", b.Image, sha256.Sum256(hashed))
}

// Normal takes out what engines word otherwise for no reason.
func (b Build) Normal() Build {
	config := &b.Config
	for _, list := range []*[]string{&config.Env, &config.Cmd, &config.Entrypoint, &config.Volumes, &config.Ports, &config.Triggers, &config.Health, &config.Shell} {
		*list = append([]string{}, *list...)
	}
	for index, port := range config.Ports {
		config.Ports[index] = strings.ToLower(port[strings.LastIndex(port, ":")+1:])
	}
	for _, list := range []*[]string{&config.Env, &config.Volumes, &config.Ports} {
		*list = slices.Sorted(slices.Values(*list))
	}
	for index, trigger := range config.Triggers {
		config.Triggers[index] = strings.Join(strings.Fields(trigger), " ")
	}
	config.Folder = Path(config.Folder)
	if len(config.Labels) == 0 {
		config.Labels = nil
	}
	return b
}

// Path is absolute and clean.
func Path(text string) string { return path.Clean("/" + text) }

// Parents stands for sources of COPY --parents, which only BuildKit takes apart.
const Parents = "with parents"

// Remote is what ADD fetches.
var Remote = regexp.MustCompile(`^(https?|git|ssh)://|^git@`)

// Command is a step with those variables of its environment that it names: whether a stage hands on ARGs that are not named is
// told by no text. Heredocs are handed on by each engine in a way of its own.
func Command(args, env []string, folder, user string, mounts []string) Step {
	step := Step{Run: slices.Clone(args), Folder: Path(folder), User: user, Mounts: slices.Sorted(slices.Values(mounts))}
	if last := len(args) - 1; last >= 0 && (args[last] == "" || strings.HasPrefix(args[last], "/dev/pipes/") || strings.Contains(args[last], "\n")) {
		step.Run = []string{"a heredoc"}
		return step
	}
	named := map[string]bool{}
	for _, match := range variable.FindAllStringSubmatch(strings.Join(args, " "), -1) {
		// An agent's socket and proxies are each engine's own business.
		named[match[1]] = match[1] != "SSH_AUTH_SOCK" && !strings.HasSuffix(match[1], "_proxy")
	}
	for _, entry := range slices.Sorted(slices.Values(env)) {
		if name, _, _ := strings.Cut(entry, "="); named[name] {
			step.Env = append(step.Env, entry)
		}
	}
	return step
}

var variable = regexp.MustCompile(`\$\{?(\w+)`)
