// Package jsonschema stands in for what reads that schema: it allows everything, where the runner would warn.
package jsonschema

import "io"

type (
	Compiler struct{}
	Schema   struct{}
)

func NewCompiler() *Compiler                    { return &Compiler{} }
func (*Compiler) AddResource(string, any) error { return nil }
func (*Compiler) MustCompile(string) *Schema    { return &Schema{} }
func (*Schema) Validate(any) error              { return nil }
func UnmarshalJSON(io.Reader) (any, error)      { return nil, nil }
