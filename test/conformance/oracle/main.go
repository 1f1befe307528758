// Command oracle answers what Talos' own machinery module answers, as JSON lines: one request a line on stdin, one answer a line
// on stdout, in order. It is built once per Talos release (test/real/programs/oracle-1.11 …); nothing of Talos is copied here.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/siderolabs/gen/optional"
	"go.yaml.in/yaml/v3"

	"github.com/siderolabs/talos/pkg/machinery/config"
	talosconfig "github.com/siderolabs/talos/pkg/machinery/config/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// request is the union of what the operations take; op says which fields count.
type request struct {
	Op string `json:"op"` // validate, canonicalise, patch, generate, secrets

	Config  string   `json:"config"`
	Modes   []string `json:"modes"` // validate: metal, metal-strict, cloud, container
	Patches []string `json:"patches"`

	Contract          string  `json:"contract"`
	ClusterName       string  `json:"clusterName"`
	Endpoint          string  `json:"endpoint"`
	KubernetesVersion string  `json:"kubernetesVersion"`
	Secrets           string  `json:"secrets"` // the bundle's YAML; empty = fresh
	Options           options `json:"options"`
}

// options are the generate options that are asked for by name; unset ones stay Talos' default.
type options struct {
	InstallDisk                    *string             `json:"installDisk"`
	InstallImage                   *string             `json:"installImage"`
	InstallExtraKernelArgs         []string            `json:"installExtraKernelArgs"`
	DNSDomain                      *string             `json:"dnsDomain"`
	Discovery                      *bool               `json:"discovery"`
	AdditionalSANs                 []string            `json:"additionalSANs"`
	AllowSchedulingOnControlPlanes *bool               `json:"allowSchedulingOnControlPlanes"`
	LocalAPIServerPort             *int                `json:"localAPIServerPort"`
	KubePrismPort                  *int                `json:"kubePrismPort"`
	RegistryMirrors                map[string][]string `json:"registryMirrors"`
	RegistryCACerts                map[string]string   `json:"registryCACerts"`
	RegistryInsecure               []string            `json:"registryInsecure"`
	Sysctls                        map[string]string   `json:"sysctls"`
	Debug                          *bool               `json:"debug"`
	Persist                        *bool               `json:"persist"`
	KubeSpan                       *bool               `json:"kubeSpan"`
	ForwardKubeDNSToHost           *bool               `json:"forwardKubeDNSToHost"`
	CNIName                        string              `json:"cniName"`
	CNIURLs                        []string            `json:"cniURLs"`
	EndpointList                   []string            `json:"endpointList"`
	Roles                          []string            `json:"roles"`
	SkipUnattendedInstall          *bool               `json:"skipUnattendedInstall"`
	SkipK8sEtcd                    bool                `json:"skipK8sEtcd"`
	PatchAll                       []string            `json:"patchAll"`
	PatchControlPlane              []string            `json:"patchControlPlane"`
	PatchWorker                    []string            `json:"patchWorker"`
}

// answer is what came of a request: a failure names the stage that failed.
type answer struct {
	Stage string `json:"stage,omitempty"`
	Error string `json:"error,omitempty"`

	Verdicts map[string]verdict `json:"verdicts,omitempty"`
	Text     *string            `json:"text,omitempty"`

	ControlPlane string `json:"controlplane,omitempty"`
	Worker       string `json:"worker,omitempty"`
	Talosconfig  string `json:"talosconfig,omitempty"`
}

type verdict struct {
	Warnings []string `json:"warnings"`
	Errors   []string `json:"errors"`
	Panic    string   `json:"panic,omitempty"`
}

// staged is an error with the stage at which it came up.
type staged struct {
	stage string
	err   error
}

func (s staged) Error() string { return s.err.Error() }

type mode string

func (m mode) String() string        { return strings.TrimSuffix(string(m), "-strict") }
func (m mode) RequiresInstall() bool { return m.String() == "metal" }
func (m mode) InContainer() bool     { return m == "container" }

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stderr)

	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)

	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			writeAnswer(out, serve(line))
		}

		if errors.Is(err, io.EOF) {
			return
		}

		if err != nil {
			log.Fatal(err)
		}
	}
}

func writeAnswer(out *bufio.Writer, a answer) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)

	if err := enc.Encode(a); err != nil {
		log.Fatal(err)
	}

	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// serve never dies: where Talos' library panics, the answer is a failure of the stage "panic".
func serve(line []byte) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Stage: "panic", Error: fmt.Sprint(p)}
		}
	}()

	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Stage: "request", Error: err.Error()}
	}

	operations := map[string]func(request) (answer, error){
		"validate": validate, "canonicalise": canonicalise, "patch": patch, "generate": generateConfigs, "secrets": makeSecrets,
	}

	operation, ok := operations[r.Op]
	if !ok {
		return answer{Stage: "request", Error: "unknown operation " + r.Op}
	}

	a, err := operation(r)
	if err != nil {
		var s staged
		if errors.As(err, &s) {
			return answer{Stage: s.stage, Error: s.Error()}
		}

		return answer{Stage: r.Op, Error: err.Error()}
	}

	return a
}

func validate(r request) (answer, error) {
	a := answer{Verdicts: map[string]verdict{}}

	for _, name := range r.Modes {
		cfg, err := configloader.NewFromBytes([]byte(r.Config))
		if err != nil {
			return answer{}, staged{"load", err}
		}

		a.Verdicts[name] = verdictOf(cfg, mode(name))
	}

	return a, nil
}

func verdictOf(cfg config.Provider, m mode) (v verdict) {
	v = verdict{Warnings: []string{}, Errors: []string{}}

	defer func() {
		if p := recover(); p != nil {
			v.Panic = fmt.Sprint(p)
		}
	}()

	opts := []validation.Option{validation.WithLocal()}
	if strings.HasSuffix(string(m), "-strict") {
		opts = append(opts, validation.WithStrict())
	}

	warnings, err := cfg.Validate(m, opts...)
	v.Warnings = append(v.Warnings, warnings...)
	v.Errors = append(v.Errors, messages("", err)...)

	return v
}

// messages takes Talos' nested lists apart, keeping the prefix of each. Errors joined by Go's own means stay one message.
func messages(prefix string, err error) []string {
	if err == nil {
		return nil
	}

	var list []string

	if many, ok := err.(*multierror.Error); ok { //nolint:errorlint // the list itself, not one inside
		for _, one := range many.Errors {
			list = append(list, messages(prefix, one)...)
		}

		return list
	}

	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 { //nolint:errorlint // as above
		return messages(prefix, joined.Unwrap()[0])
	}

	if inner := errors.Unwrap(err); inner != nil {
		if own, ok := strings.CutSuffix(err.Error(), inner.Error()); ok {
			return messages(prefix+own, inner)
		}
	}

	return []string{prefix + strings.TrimSpace(err.Error())}
}

func canonicalise(r request) (answer, error) {
	cfg, err := configloader.NewFromBytes([]byte(r.Config))
	if err != nil {
		return answer{}, staged{"load", err}
	}

	text, err := encode(cfg)

	return answer{Text: &text}, err
}

func encode(cfg config.Provider) (string, error) {
	text, err := cfg.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return "", staged{"encode", err}
	}

	return string(text), nil
}

// patch does what `talosctl machineconfig patch` does.
func patch(r request) (answer, error) {
	patches, err := configpatcher.LoadPatches(r.Patches)
	if err != nil {
		return answer{}, staged{"load-patch", err}
	}

	patched, err := configpatcher.Apply(configpatcher.WithBytes([]byte(r.Config)), patches)
	if err != nil {
		return answer{}, staged{"apply", err}
	}

	text, err := patched.Bytes()
	if err != nil {
		return answer{}, staged{"encode", err}
	}

	out := string(text)

	return answer{Text: &out}, nil
}

func bundleOf(r request) (*secrets.Bundle, *config.VersionContract, error) {
	var contract *config.VersionContract

	if r.Contract != "" {
		var err error
		if contract, err = config.ParseContractFromVersion(r.Contract); err != nil {
			return nil, nil, staged{"contract", err}
		}
	}

	if r.Secrets == "" {
		bundle, err := secrets.NewBundle(secrets.NewClock(), contract)

		return bundle, contract, err
	}

	bundle := &secrets.Bundle{Clock: secrets.NewFixedClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	if err := yaml.Unmarshal([]byte(r.Secrets), bundle); err != nil {
		return nil, nil, staged{"secrets", err}
	}

	return bundle, contract, nil
}

// makeSecrets reads a bundle, or makes a fresh one, checks it and writes it.
func makeSecrets(r request) (answer, error) {
	bundle, contract, err := bundleOf(r)
	if err != nil {
		return answer{}, err
	}

	// From 1.14 on the check asks for the contract as well.
	check, arguments := reflect.ValueOf(bundle.Validate), []reflect.Value{reflect.ValueOf(contract)}

	if result := check.Call(arguments[:check.Type().NumIn()])[0]; !result.IsNil() {
		return answer{}, staged{"validate", result.Interface().(error)} //nolint:forcetypeassert // its type is error
	}

	text, err := yaml.Marshal(bundle)
	out := string(text)

	return answer{Text: &out}, err
}

func generateConfigs(r request) (answer, error) {
	bundle, contract, err := bundleOf(r)
	if err != nil {
		return answer{}, err
	}

	opts := append(r.Options.common(), r.Options.ofRelease, generate.WithSecretsBundle(bundle))

	if contract != nil {
		opts = append(opts, generate.WithVersionContract(contract))
	}

	input, err := generate.NewInput(r.ClusterName, r.Endpoint, strings.TrimPrefix(r.KubernetesVersion, "v"), opts...)
	if err != nil {
		return answer{}, staged{"input", err}
	}

	var a answer

	if a.ControlPlane, err = r.generateOne(input, machine.TypeControlPlane, append(r.Options.PatchAll, r.Options.PatchControlPlane...)); err != nil {
		return answer{}, err
	}

	if a.Worker, err = r.generateOne(input, machine.TypeWorker, append(r.Options.PatchAll, r.Options.PatchWorker...)); err != nil {
		return answer{}, err
	}

	client, err := input.Talosconfig()
	if err != nil {
		return answer{}, staged{"talosconfig", err}
	}

	text, err := client.Bytes()
	a.Talosconfig = string(text)

	return a, err
}

func (r request) generateOne(input *generate.Input, t machine.Type, texts []string) (string, error) {
	cfg, err := input.Config(t)
	if err != nil {
		return "", staged{"generate", err}
	}

	if r.Options.SkipK8sEtcd {
		if cfg, err = withoutKubernetes(cfg, t); err != nil {
			return "", staged{"generate", err}
		}
	}

	patches, err := configpatcher.LoadPatches(texts)
	if err != nil {
		return "", staged{"load-patch", err}
	}

	patched, err := configpatcher.Apply(configpatcher.WithConfig(cfg), patches)
	if err != nil {
		return "", staged{"apply", err}
	}

	text, err := patched.Bytes()

	return string(text), err
}

// common are the options that every release has.
func (o options) common() []generate.Option {
	var opts []generate.Option

	add := func(wanted bool, option func() generate.Option) {
		if wanted {
			opts = append(opts, option())
		}
	}

	add(o.InstallDisk != nil, func() generate.Option { return generate.WithInstallDisk(*o.InstallDisk) })
	add(o.InstallImage != nil, func() generate.Option { return generate.WithInstallImage(*o.InstallImage) })
	add(len(o.InstallExtraKernelArgs) > 0, func() generate.Option { return generate.WithInstallExtraKernelArgs(o.InstallExtraKernelArgs) })
	add(o.DNSDomain != nil, func() generate.Option { return generate.WithDNSDomain(*o.DNSDomain) })
	add(o.Discovery != nil, func() generate.Option { return generate.WithClusterDiscovery(*o.Discovery) })
	add(len(o.AdditionalSANs) > 0, func() generate.Option { return generate.WithAdditionalSubjectAltNames(o.AdditionalSANs) })
	add(o.AllowSchedulingOnControlPlanes != nil, func() generate.Option {
		return generate.WithAllowSchedulingOnControlPlanes(*o.AllowSchedulingOnControlPlanes)
	})
	add(o.LocalAPIServerPort != nil, func() generate.Option { return generate.WithLocalAPIServerPort(*o.LocalAPIServerPort) })
	add(o.KubePrismPort != nil, func() generate.Option { return generate.WithKubePrismPort(*o.KubePrismPort) })
	add(len(o.Sysctls) > 0, func() generate.Option { return generate.WithSysctls(o.Sysctls) })
	add(o.Debug != nil, func() generate.Option { return generate.WithDebug(*o.Debug) })
	add(o.ForwardKubeDNSToHost != nil, func() generate.Option { return generate.WithHostDNSForwardKubeDNSToHost(*o.ForwardKubeDNSToHost) })
	add(len(o.EndpointList) > 0, func() generate.Option { return generate.WithEndpointList(o.EndpointList) })

	for host, endpoints := range o.RegistryMirrors {
		opts = append(opts, generate.WithRegistryMirror(host, endpoints...))
	}

	for host, certificate := range o.RegistryCACerts {
		opts = append(opts, generate.WithRegistryCACert(host, certificate))
	}

	for _, host := range o.RegistryInsecure {
		opts = append(opts, generate.WithRegistryInsecureSkipVerify(host))
	}

	if len(o.Roles) > 0 {
		roles, _ := role.Parse(o.Roles)
		opts = append(opts, generate.WithRoles(roles))
	}

	return opts
}

// ofRelease sets the options that only some releases have, by the names of their fields.
func (o options) ofRelease(target *generate.Options) error {
	set := func(name string, value any) {
		if field := reflect.ValueOf(target).Elem().FieldByName(name); field.IsValid() {
			field.Set(reflect.ValueOf(value))
		}
	}

	if o.Persist != nil {
		set("Persist", *o.Persist)
	}

	if o.SkipUnattendedInstall != nil {
		set("SkipUnattendedInstallConfig", *o.SkipUnattendedInstall)
	}

	if o.CNIName != "" {
		set("CNIConfig", &v1alpha1.CNIConfig{CNIName: o.CNIName, CNIUrls: o.CNIURLs})
	}

	if len(o.CNIURLs) > 0 {
		set("CNICustomURL", o.CNIURLs[0])
	}

	if o.KubeSpan != nil {
		set("KubeSpanEnabled", optional.Some(*o.KubeSpan))

		if *o.KubeSpan && !reflect.ValueOf(target).Elem().FieldByName("KubeSpanEnabled").IsValid() {
			target.NetworkConfigOptions = append(target.NetworkConfigOptions, v1alpha1.WithKubeSpan())
		}
	}

	return nil
}

// withoutKubernetes is what `talosctl gen config --skip-k8s-etcd` leaves.
func withoutKubernetes(cfg config.Provider, t machine.Type) (config.Provider, error) {
	var documents []talosconfig.Document

	for _, document := range cfg.Documents() {
		if legacy, ok := document.(*v1alpha1.Config); ok && t == machine.TypeControlPlane {
			legacy.ClusterConfig = &v1alpha1.ClusterConfig{}
		}

		if !strings.HasPrefix(document.Kind(), "Kube") || strings.HasPrefix(document.Kind(), "KubeSpan") {
			documents = append(documents, document)
		}
	}

	return container.New(documents...)
}
