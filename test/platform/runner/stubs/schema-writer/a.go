// Package jsonschema stands in for a module that writes the schema of the runner's settings at each start, also of the helper's,
// some ten times in a job: ten times as long as all else of a start.
package jsonschema

type Reflector struct{ RequiredFromJSONSchemaTags, DoNotReference bool }

func (*Reflector) Reflect(any) any { return struct{}{} }
