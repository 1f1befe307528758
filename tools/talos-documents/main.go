// Command talos-documents prints, as JSON, which configuration documents a release of Talos knows: its kinds, the fields of
// each in the order in which they are written, their types, enumerations and merge rules. Everything is read by reflection
// from Talos' own machinery module; the release is chosen by the go.mod it is built with (1.11.mod … 1.14.mod beside this file).
package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/google/cel-go/cel"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/siderolabs/talos/pkg/machinery/api/resource/definitions/block"
	_ "github.com/siderolabs/talos/pkg/machinery/api/resource/definitions/network"
	"github.com/siderolabs/talos/pkg/machinery/config/config"
	_ "github.com/siderolabs/talos/pkg/machinery/config/configloader" // registers all kinds
)

// The registry of kinds is in an internal package; its variable is reached by name, since nothing public lists the kinds.
//
//go:linkname registered github.com/siderolabs/talos/pkg/machinery/config/internal/registry.registry
var registered *struct {
	m     sync.Mutex
	kinds map[string]func(version string) config.Document
}

type field struct {
	Key       string `json:"key,omitempty"`
	Inline    bool   `json:"inline,omitempty"`
	Type      string `json:"type"`
	OmitEmpty bool   `json:"omitempty,omitempty"`
	Merge     string `json:"merge,omitempty"`
}

type shape struct {
	Go        string   `json:"go"`
	Fields    []field  `json:"fields,omitempty"`
	Element   string   `json:"element,omitempty"`
	Values    []string `json:"values,omitempty"`
	OwnFormat bool     `json:"ownFormat,omitempty"`
	OwnMerge  bool     `json:"ownMerge,omitempty"`
	OwnWrite  bool     `json:"ownWrite,omitempty"` // reads like its Go kind, writes its own text
}

type kind struct {
	Kind       string `json:"kind"`
	APIVersion string `json:"apiVersion,omitempty"`
	Named      bool   `json:"named,omitempty"`
	Root       string `json:"root"`
}

// tables collects the types that are met on the way down from the documents.
type tables struct {
	shapes map[string]shape
	origin map[string]reflect.Type
	tag    string // yaml or json
}

func main() {
	log.SetFlags(0)

	t := &tables{shapes: map[string]shape{}, origin: map[string]reflect.Type{}, tag: "yaml"}
	kinds := t.kinds()

	var out bytes.Buffer

	fmt.Fprintf(&out, "{\"machinery\":%s,\n\"kinds\":[\n", encode(machineryVersion()))

	for i, k := range kinds {
		fmt.Fprintf(&out, "%s%s\n", encode(k), comma(i, len(kinds)))
	}

	out.WriteString("],\n\"types\":{\n")

	t.print(&out)
	out.WriteString("},\n\"messages\":{\n")

	messages := celMessages()
	for i, message := range messages {
		fmt.Fprintf(&out, "%s:%s%s\n", encode(message.name), encode(message.fields), comma(i, len(messages)))
	}

	out.WriteString("},\n\"functions\":{\n")

	functions := celFunctions()
	for i, f := range functions {
		fmt.Fprintf(&out, "%s:%s%s\n", encode(f.name), encode(f.overloads), comma(i, len(functions)))
	}

	runtimeSpec := &tables{shapes: map[string]shape{}, origin: map[string]reflect.Type{}, tag: "json"}
	root := runtimeSpec.typeName(reflect.TypeFor[specs.Spec]())

	fmt.Fprintf(&out, "},\n\"runtimeSpec\":{\"root\":%s,\"types\":{\n", encode(root))
	runtimeSpec.print(&out)
	out.WriteString("}}}\n")

	if _, err := os.Stdout.Write(out.Bytes()); err != nil {
		log.Fatal(err)
	}
}

func (t *tables) print(out *bytes.Buffer) {
	names := make([]string, 0, len(t.shapes))
	for name := range t.shapes {
		names = append(names, name)
	}

	sort.Strings(names)

	for i, name := range names {
		fmt.Fprintf(out, "%s:%s%s\n", encode(name), encode(t.shapes[name]), comma(i, len(names)))
	}
}

func (t *tables) kinds() []kind {
	names := make([]string, 0, len(registered.kinds))
	for name := range registered.kinds {
		names = append(names, name)
	}

	sort.Strings(names)

	kinds := make([]kind, 0, len(names))

	for _, name := range names {
		version := "v1alpha1"
		if name == "v1alpha1" {
			version = "" // the document without a kind
		}

		doc := registered.kinds[name](version)
		_, named := doc.(config.NamedDocument)
		kinds = append(kinds, kind{Kind: name, APIVersion: version, Named: named, Root: t.typeName(reflect.TypeOf(doc).Elem())})
	}

	return kinds
}

// typeName writes a type as an expression (list<T>, map<T>, ptr<T>, a scalar, or a name) and notes the named ones.
func (t *tables) typeName(rt reflect.Type) string {
	switch {
	case rt == reflect.TypeFor[time.Duration]():
		return "duration"
	case rt.Kind() == reflect.Pointer:
		return "ptr<" + t.typeName(rt.Elem()) + ">"
	case rt.Kind() == reflect.Interface:
		return "any"
	case rt.PkgPath() == "" && rt.Kind() == reflect.Slice && rt.Elem().Kind() == reflect.Uint8:
		return "bytes"
	case rt.PkgPath() == "" && rt.Kind() == reflect.Slice:
		return "list<" + t.typeName(rt.Elem()) + ">"
	case rt.PkgPath() == "" && rt.Kind() == reflect.Map:
		return "map<" + t.typeName(rt.Elem()) + ">"
	case rt.PkgPath() == "":
		return rt.Name()
	}

	if rt.Kind() != reflect.Struct && !hasBehaviour(rt) {
		return t.underlying(rt)
	}

	name := rt.String()

	if known, ok := t.origin[name]; ok {
		if known != rt {
			log.Fatalf("two types are called %s: %s and %s", name, known.PkgPath(), rt.PkgPath())
		}

		return name
	}

	t.origin[name] = rt
	t.shapes[name] = t.shape(rt)

	return name
}

// underlying writes a named type that reads, writes and merges like what it is made of.
func (t *tables) underlying(rt reflect.Type) string {
	switch rt.Kind() { //nolint:exhaustive
	case reflect.Slice:
		return "list<" + t.typeName(rt.Elem()) + ">"
	case reflect.Map:
		return "map<" + t.typeName(rt.Elem()) + ">"
	default:
		return rt.Kind().String()
	}
}

func (t *tables) shape(rt reflect.Type) shape {
	s := shape{
		Go:        rt.Kind().String(),
		OwnFormat: hasMethod(rt, "UnmarshalYAML") || hasMethod(rt, "UnmarshalText"),
		OwnMerge:  hasMethod(rt, "Merge"),
	}
	s.OwnWrite = !s.OwnFormat && hasMethod(rt, "MarshalYAML")

	switch rt.Kind() { //nolint:exhaustive
	case reflect.Struct:
		if !s.OwnFormat {
			s.Fields = t.fields(rt)
		}
	case reflect.Slice, reflect.Map:
		if rt.Elem().Kind() != reflect.Uint8 {
			s.Element = t.typeName(rt.Elem())
		}
	default:
		s.Values = enumeration(rt)
	}

	return s
}

func (t *tables) fields(rt reflect.Type) []field {
	fields := make([]field, 0, rt.NumField())

	for i := range rt.NumField() {
		f := rt.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get(t.tag), ",")

		if name == "-" || !f.IsExported() {
			continue
		}

		inline := has(options, "inline")

		if name == "" && !inline {
			name = strings.ToLower(f.Name)
		}

		out := field{Key: name, Inline: inline, OmitEmpty: has(options, "omitempty"), Type: t.typeName(f.Type)}

		if has(f.Tag.Get("merge"), "replace") {
			out.Merge = "replace"
		}

		fields = append(fields, out)
	}

	return fields
}

// enumeration lists the texts that a numeric type with its own text form accepts, by trying every value that an enumeration
// of Talos has ever had. Plain numbers in text form (routing tables) are left out.
func enumeration(rt reflect.Type) []string {
	if !hasMethod(rt, "UnmarshalText") {
		return nil
	}

	var values []string

	for i := range 1 << 16 {
		value := reflect.New(rt)
		if !setNumber(value.Elem(), uint64(i)) {
			break
		}

		text, ok := textOf(value)
		if !ok {
			continue
		}

		if _, err := strconv.Atoi(text); err == nil {
			continue
		}

		back := reflect.New(rt)

		err := back.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
		if err != nil || back.Elem().Interface() != value.Elem().Interface() {
			continue
		}

		values = append(values, text)
	}

	return values
}

func textOf(value reflect.Value) (text string, ok bool) {
	defer func() {
		if recover() != nil { // an out-of-range value of a table look-up
			text, ok = "", false
		}
	}()

	switch v := value.Interface().(type) {
	case encoding.TextMarshaler:
		b, err := v.MarshalText()

		return string(b), err == nil
	case fmt.Stringer:
		return v.String(), true
	}

	return "", false
}

func setNumber(value reflect.Value, number uint64) bool {
	switch {
	case value.CanUint():
		if value.OverflowUint(number) {
			return false
		}

		value.SetUint(number)
	case value.CanInt():
		if value.OverflowInt(int64(number)) {
			return false
		}

		value.SetInt(int64(number))
	default:
		return false
	}

	return true
}

func hasBehaviour(rt reflect.Type) bool {
	for _, name := range []string{"UnmarshalYAML", "UnmarshalText", "MarshalYAML", "Merge"} {
		if hasMethod(rt, name) {
			return true
		}
	}

	return false
}

func hasMethod(rt reflect.Type, name string) bool {
	_, ok := reflect.PointerTo(rt).MethodByName(name)

	return ok
}

func has(options, word string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option == word {
			return true
		}
	}

	return false
}

type message struct {
	name   string
	fields map[string]string
}

// The resources that selectors in CEL look at (Talos' `cel/celenv`).
var celResources = []protoreflect.FullName{
	"talos.resource.definitions.block.DiskSpec",
	"talos.resource.definitions.block.DiscoveredVolumeSpec",
	"talos.resource.definitions.network.LinkStatusSpec",
}

// celMessages lists the fields of these resources, and of the messages in them, by their CEL types.
func celMessages() []message {
	var messages []message

	seen := map[protoreflect.FullName]bool{}

	var visit func(protoreflect.MessageDescriptor)

	visit = func(desc protoreflect.MessageDescriptor) {
		if seen[desc.FullName()] || desc.IsMapEntry() || strings.HasPrefix(string(desc.FullName()), "google.") {
			return
		}

		seen[desc.FullName()] = true
		fields := map[string]string{}

		for i := range desc.Fields().Len() {
			field := desc.Fields().Get(i)
			fields[string(field.Name())] = celType(field)

			if field.Message() != nil {
				visit(field.Message())
			}
		}

		messages = append(messages, message{string(desc.FullName()), fields})
	}

	for _, name := range celResources {
		mt, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			log.Fatal(err)
		}

		visit(mt.Descriptor())
	}

	sort.Slice(messages, func(i, j int) bool { return messages[i].name < messages[j].name })

	return messages
}

type function struct {
	name      string
	overloads []string
}

// celFunctions lists the functions and operators of CEL with the optional library, as "argument, argument -> result"; a method
// begins with a dot. Comparisons between different kinds of numbers are left out: Talos' environments do not switch them on.
func celFunctions() []function {
	env, err := cel.NewEnv(cel.OptionalTypes())
	if err != nil {
		log.Fatal(err)
	}

	var functions []function

	for name, decl := range env.Functions() {
		f := function{name: name}

		for _, overload := range decl.OverloadDecls() {
			if crossType(name, overload.ArgTypes()) {
				continue
			}

			args := make([]string, 0, len(overload.ArgTypes()))
			for _, arg := range overload.ArgTypes() {
				args = append(args, arg.String())
			}

			prefix := ""
			if overload.IsMemberFunction() {
				prefix = "."
			}

			f.overloads = append(f.overloads, prefix+strings.Join(args, ", ")+" -> "+overload.ResultType().String())
		}

		sort.Strings(f.overloads)
		functions = append(functions, f)
	}

	sort.Slice(functions, func(i, j int) bool { return functions[i].name < functions[j].name })

	return functions
}

func crossType(name string, args []*cel.Type) bool {
	switch name {
	case "_<_", "_<=_", "_>_", "_>=_":
		return args[0].String() != args[1].String()
	default:
		return false
	}
}

func celType(field protoreflect.FieldDescriptor) string {
	switch {
	case field.IsMap():
		return "map<" + celType(field.MapKey()) + "," + celType(field.MapValue()) + ">"
	case field.IsList():
		return "list<" + celScalar(field) + ">"
	default:
		return celScalar(field)
	}
}

func celScalar(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.BoolKind, protoreflect.StringKind, protoreflect.BytesKind:
		return field.Kind().String()
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "double"
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return "uint"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return string(field.Message().FullName())
	default: // signed integers and enumerations
		return "int"
	}
}

func machineryVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		log.Fatal("no build information")
	}

	for _, dep := range info.Deps {
		if dep.Path == "github.com/siderolabs/talos/pkg/machinery" {
			return dep.Version
		}
	}

	log.Fatal("built without Talos' machinery")

	return ""
}

func encode(value any) string {
	var b bytes.Buffer

	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)

	if err := enc.Encode(value); err != nil {
		log.Fatal(err)
	}

	return strings.TrimSpace(b.String())
}

func comma(i, n int) string {
	if i == n-1 {
		return ""
	}

	return ","
}
