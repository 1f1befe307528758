// refnode: a real COSI state server (the one Talos uses) with real Talos resource types,
// Talos' own PKI, and a MachineService of a few real answers. Loopback only.
//
//	refnode LISTEN DIR   e.g. refnode 127.0.0.1:50000 /tmp/refnode
//
// It writes DIR/talosconfig. Commands on stdin: "stage running", "host NAME", "rm-disk sda".
package main

import (
	"bufio"
	"context"
	stdtls "crypto/tls"
	stdx509 "crypto/x509"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/protobuf/server"
	"github.com/cosi-project/runtime/pkg/state/registry"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/api/common"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

type node struct {
	machine.UnimplementedMachineServiceServer
	st state.State
}

type metal struct{} // validation.RuntimeMode

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func (n *node) Version(context.Context, *emptypb.Empty) (*machine.VersionResponse, error) {
	return &machine.VersionResponse{Messages: []*machine.Version{{
		Metadata: &common.Metadata{},
		Version:  &machine.VersionInfo{Tag: "v1.14.1", Os: "linux", Arch: "amd64"},
		Platform: &machine.PlatformInfo{Name: "metal", Mode: "metal"},
	}}}, nil
}

func (n *node) ApplyConfiguration(ctx context.Context, r *machine.ApplyConfigurationRequest) (*machine.ApplyConfigurationResponse, error) {
	cfg, err := configloader.NewFromBytes(r.GetData())
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	warnings, err := cfg.Validate(metal{})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if !r.GetDryRun() {
		mc := config.NewMachineConfig(cfg)
		if old, getErr := n.st.Get(ctx, mc.Metadata()); getErr == nil {
			mc.Metadata().SetVersion(old.Metadata().Version())
			err = n.st.Update(ctx, mc)
		} else {
			err = n.st.Create(ctx, mc)
		}
		if err != nil {
			return nil, err
		}
	}
	return &machine.ApplyConfigurationResponse{Messages: []*machine.ApplyConfiguration{{
		Warnings: warnings, Mode: r.GetMode(), ModeDetails: "applied",
	}}}, nil
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	listen, dir := os.Args[1], os.Args[2]
	ctx := context.Background()
	st := state.WrapCore(namespaced.NewState(inmem.Build))
	rds := registry.NewResourceRegistry(st)
	check(rds.RegisterDefault(ctx))
	for _, r := range []meta.ResourceWithRD{&runtime.MachineStatus{}, &network.HostnameStatus{}, &block.Disk{}, &config.MachineConfig{}} {
		check(rds.Register(ctx, r))
	}

	ms := runtime.NewMachineStatus()
	ms.TypedSpec().Stage = runtime.MachineStageBooting
	check(st.Create(ctx, ms))
	host := network.NewHostnameStatus(network.NamespaceName, network.HostnameID)
	host.TypedSpec().Hostname = "ref-1"
	check(st.Create(ctx, host))
	for _, id := range []string{"sda", "nvme0n1"} {
		d := block.NewDisk(block.NamespaceName, id)
		d.TypedSpec().DevPath = "/dev/" + id
		d.TypedSpec().Serial = "REF-" + id
		d.TypedSpec().SetSize(64 << 30)
		check(st.Create(ctx, d))
	}

	addr, _, err := net.SplitHostPort(listen)
	check(err)
	bundle := must(secrets.NewBundle(secrets.NewClock(), nil))
	ca := must(x509.NewCertificateAuthorityFromCertificateAndKey(bundle.Certs.OS))
	kp := must(x509.NewKeyPair(ca, x509.IPAddresses([]net.IP{net.ParseIP(addr)}), x509.CommonName("ref-1"),
		x509.NotAfter(time.Now().Add(24*time.Hour)), x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth})))
	pool := stdx509.NewCertPool()
	pool.AppendCertsFromPEM(bundle.Certs.OS.Crt)
	admin := must(bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin)))
	tc := clientconfig.NewConfig("ref", []string{addr}, bundle.Certs.OS.Crt, admin)
	tc.Contexts["ref"].Nodes = []string{addr}
	check(tc.Save(filepath.Join(dir, "talosconfig")))

	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(&stdtls.Config{
		MinVersion: stdtls.VersionTLS13, ClientAuth: stdtls.RequireAndVerifyClientCert, ClientCAs: pool,
		Certificates: []stdtls.Certificate{*kp.Certificate},
	})))
	v1alpha1.RegisterStateServer(srv, server.NewState(st))
	machine.RegisterMachineServiceServer(srv, &node{st: st})
	lis := must(net.Listen("tcp", listen))
	fmt.Println("READY", lis.Addr())
	go func() { log.Fatal(srv.Serve(lis)) }()

	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		f := append(strings.Fields(in.Text()), "", "")
		switch f[0] {
		case "stage":
			stage := must(runtime.MachineStageString(f[1]))
			_, err = st.UpdateWithConflicts(ctx, ms.Metadata(), func(r resource.Resource) error {
				r.(*runtime.MachineStatus).TypedSpec().Stage = stage
				return nil
			})
		case "host":
			_, err = st.UpdateWithConflicts(ctx, host.Metadata(), func(r resource.Resource) error {
				r.(*network.HostnameStatus).TypedSpec().Hostname = f[1]
				return nil
			})
		case "rm-disk":
			err = st.TeardownAndDestroy(ctx, block.NewDisk(block.NamespaceName, f[1]).Metadata())
		}
		fmt.Println("DONE", f[0], err)
	}
	select {}
}
