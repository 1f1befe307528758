// talosctl without its local-cluster commands: one of them (bgp-launch) needs an unreleased rtnetlink.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/siderolabs/talos/cmd/talosctl/cmd/mgmt/gen"
	"github.com/siderolabs/talos/cmd/talosctl/cmd/mgmt/machineconfig"
	"github.com/siderolabs/talos/cmd/talosctl/cmd/talos"
	"github.com/siderolabs/talos/pkg/cli"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/spf13/cobra"
)

type mode string

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }

func validate() *cobra.Command {
	var file, name string
	var strict bool
	c := &cobra.Command{Use: "validate", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		cfg, err := configloader.NewFromFile(file)
		if err != nil {
			return err
		}
		opts := []validation.Option{validation.WithLocal()}
		if strict {
			opts = append(opts, validation.WithStrict())
		}
		warnings, err := cfg.ValidateAsClient(mode(name), opts...)
		for _, w := range warnings {
			fmt.Fprintln(os.Stderr, "WARNING:", w)
		}
		if err == nil {
			fmt.Printf("%s is valid for %s mode\n", file, name)
		}
		return err
	}}
	c.Flags().StringVarP(&file, "config", "c", "", "")
	c.Flags().StringVarP(&name, "mode", "m", "metal", "")
	c.Flags().BoolVar(&strict, "strict", false, "")
	return c
}

func main() {
	root := &cobra.Command{Use: "talosctl", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(talos.Commands...)
	root.AddCommand(gen.Cmd, machineconfig.Cmd, validate())
	if _, err := cli.WithContextC(context.Background(), root.ExecuteContextC); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
