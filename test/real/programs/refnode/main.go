// refnode: what can be had of a real Talos node without Linux around it: Talos' own COSI server and resource types, its PKI, its
// config loader and validation, its event messages, over grpc-go with the TLS settings of apid. Loopback only.
//
//	refnode LISTEN MAINTENANCE_LISTEN DIR   e.g. refnode 127.0.0.1:0 127.0.0.1:0 /tmp/refnode
//
// It writes DIR/talosconfig and, for refusals, DIR/foreign (another cluster's), DIR/expired, DIR/server-eku. It prints "READY ADDRESS
// MAINTENANCE_ADDRESS". Commands on stdin, each answered by a DONE line: "stage running", "host NAME", "rm-disk sda", "etcd on".
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	stdtls "crypto/tls"
	stdx509 "crypto/x509"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
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
	"github.com/siderolabs/talos/pkg/machinery/api/storage"
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
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const bootID = "6f0b8e0e-3c1f-4e0d-9d52-1f4d4b0c7a11"

type node struct {
	machine.UnimplementedMachineServiceServer
	storage.UnimplementedStorageServiceServer
	st     state.State
	bundle *secrets.Bundle
	etcd   atomic.Bool
}

type metal struct{} // validation.RuntimeMode

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func (n *node) Version(context.Context, *emptypb.Empty) (*machine.VersionResponse, error) {
	return &machine.VersionResponse{Messages: []*machine.Version{{
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

func (n *node) ServiceList(context.Context, *emptypb.Empty) (*machine.ServiceListResponse, error) {
	now := timestamppb.Now()
	return &machine.ServiceListResponse{Messages: []*machine.ServiceList{{Services: []*machine.ServiceInfo{
		{Id: "apid", State: "Running",
			Events: &machine.ServiceEvents{Events: []*machine.ServiceEvent{{Msg: "Started task apid", State: "Running", Ts: now}}},
			Health: &machine.ServiceHealth{Healthy: true, LastChange: now}},
		{Id: "etcd", State: "Preparing", Events: &machine.ServiceEvents{}, Health: &machine.ServiceHealth{Unknown: true}},
	}}}}, nil
}

// Before etcd is bootstrapped a real node leaves etcd calls unanswered.
func (n *node) EtcdMemberList(ctx context.Context, _ *machine.EtcdMemberListRequest) (*machine.EtcdMemberListResponse, error) {
	if !n.etcd.Load() {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &machine.EtcdMemberListResponse{Messages: []*machine.EtcdMembers{{Members: []*machine.EtcdMember{
		{Id: 0xfedcba9876543210, Hostname: "ref-1", PeerUrls: []string{"https://127.0.0.1:2380"}, ClientUrls: []string{"https://127.0.0.1:2379"}},
		{Id: 0x1, PeerUrls: []string{"https://127.0.0.2:2380"}, IsLearner: true},
	}}}}, nil
}

func (n *node) GenerateClientConfiguration(_ context.Context, r *machine.GenerateClientConfigurationRequest) (*machine.GenerateClientConfigurationResponse, error) {
	roles, _ := role.Parse(r.GetRoles())
	pair, err := n.bundle.GenerateTalosAPIClientCertificateWithTTL(roles, r.GetCrtTtl().AsDuration())
	if err != nil {
		return nil, err
	}
	tc := must(clientconfig.NewConfig("ref", nil, n.bundle.Certs.OS.Crt, pair).Bytes())
	return &machine.GenerateClientConfigurationResponse{Messages: []*machine.GenerateClientConfiguration{{
		Ca: n.bundle.Certs.OS.Crt, Crt: pair.Crt, Key: pair.Key, Talosconfig: tc,
	}}}, nil
}

func (n *node) Events(r *machine.EventsRequest, s grpc.ServerStreamingServer[machine.Event]) error {
	send := func(id, actor string, m proto.Message) error {
		data := &anypb.Any{}
		if m != nil {
			data = &anypb.Any{TypeUrl: "talos/runtime/" + string(m.ProtoReflect().Descriptor().FullName()), Value: must(proto.Marshal(m))}
		}
		return s.Send(&machine.Event{Data: data, Id: id, ActorId: actor})
	}
	if err := send("hello", "", nil); err != nil {
		return err
	}
	if r.GetTailEvents() != 0 {
		for i, m := range []proto.Message{
			&machine.SequenceEvent{Sequence: "boot", Action: machine.SequenceEvent_START},
			&machine.SequenceEvent{Sequence: "reset", Error: &common.Error{Code: common.Code_LOCKED, Message: "sequence not started: locked"}},
			&machine.PhaseEvent{Phase: "startEverything", Action: machine.PhaseEvent_STOP},
			&machine.TaskEvent{Task: "startAllServices"},
			&machine.ServiceStateEvent{Service: "etcd", Action: machine.ServiceStateEvent_FAILED, Message: "no", Health: &machine.ServiceHealth{}},
			&machine.MachineStatusEvent{Stage: machine.MachineStatusEvent_SHUTTING_DOWN, Status: &machine.MachineStatusEvent_MachineStatus{
				UnmetConditions: []*machine.MachineStatusEvent_MachineStatus_UnmetCondition{{Name: "time", Reason: "not in sync"}}}},
			&machine.AddressEvent{Hostname: "ref-1", Addresses: []string{"127.0.0.1"}},
		} {
			if err := send(fmt.Sprint(i), "actor-1", m); err != nil {
				return err
			}
		}
	}
	<-s.Context().Done()
	return nil
}

// At most 1024 bytes a message, as a node sends them.
func chunks(data []byte, s grpc.ServerStreamingServer[common.Data]) error {
	for len(data) > 0 {
		size := min(len(data), 1024)
		if err := s.Send(&common.Data{Bytes: data[:size]}); err != nil {
			return err
		}
		data = data[size:]
	}
	return nil
}

func (n *node) Read(r *machine.ReadRequest, s grpc.ServerStreamingServer[common.Data]) error {
	switch r.GetPath() {
	case "/proc/sys/kernel/random/boot_id":
		return chunks([]byte(bootID+"\n"), s)
	case "/big":
		return chunks(bytes.Repeat([]byte("0123456789abcdef"), 256*1024), s)
	}
	return status.Errorf(codes.NotFound, "stat %s: no such file or directory", r.GetPath())
}

func (n *node) Logs(r *machine.LogsRequest, s grpc.ServerStreamingServer[common.Data]) error {
	if r.GetTailLines() == 0 {
		return nil
	}
	if err := chunks([]byte("first line\nsecond "+strings.Repeat("x", 3000)+"\nthird ✓"), s); err != nil {
		return err
	}
	if r.GetFollow() {
		<-s.Context().Done()
	}
	return nil
}

// Talos never closes the tar writer.
func (n *node) Kubeconfig(_ *emptypb.Empty, s grpc.ServerStreamingServer[common.Data]) error {
	text := []byte("apiVersion: v1\nkind: Config\n")
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	check(tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "kubeconfig", Size: int64(len(text)), Mode: 0o600}))
	must(tw.Write(text))
	check(zw.Close())
	return chunks(buf.Bytes(), s)
}

func (n *node) Disks(context.Context, *emptypb.Empty) (*storage.DisksResponse, error) {
	return &storage.DisksResponse{Messages: []*storage.Disks{{Disks: []*storage.Disk{
		{DeviceName: "/dev/sda", Size: 64 << 30, Serial: "REF-sda", Type: storage.Disk_SSD},
	}}}}, nil
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

func serve(listen string, n *node, tlsConfig *stdtls.Config) net.Listener {
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(tlsConfig)), grpc.MaxRecvMsgSize(32<<20))
	v1alpha1.RegisterStateServer(srv, server.NewState(n.st))
	machine.RegisterMachineServiceServer(srv, n)
	storage.RegisterStorageServiceServer(srv, n)
	lis := must(net.Listen("tcp", listen))
	go func() { log.Fatal(srv.Serve(lis)) }()
	return lis
}

func serverPair(ca *x509.CertificateAuthority, name string, addr net.IP) stdtls.Certificate {
	kp := must(x509.NewKeyPair(ca, x509.IPAddresses([]net.IP{addr}), x509.CommonName(name), x509.NotAfter(time.Now().Add(24*time.Hour)),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth})))
	return *kp.Certificate
}

func saveTalosconfig(path, addr string, ca []byte, pair *x509.PEMEncodedCertificateAndKey) {
	tc := clientconfig.NewConfig("ref", []string{addr}, ca, pair)
	tc.Contexts["ref"].Nodes = []string{addr}
	check(tc.Save(path))
}

func clientPair(ca *x509.CertificateAuthority, notAfter time.Time, usage ...stdx509.ExtKeyUsage) *x509.PEMEncodedCertificateAndKey {
	kp := must(x509.NewKeyPair(ca, x509.Organization(string(role.Admin)), x509.NotBefore(notAfter.Add(-time.Hour)), x509.NotAfter(notAfter), x509.ExtKeyUsage(usage)))
	return x509.NewCertificateAndKeyFromKeyPair(kp)
}

func main() {
	listen, maintenanceListen, dir := os.Args[1], os.Args[2], os.Args[3]
	ctx := context.Background()
	st := state.WrapCore(namespaced.NewState(inmem.Build))
	rds := registry.NewResourceRegistry(st)
	check(rds.RegisterDefault(ctx))
	examples := exampleResources()
	seen := map[resource.Type]bool{}
	for _, r := range append(examples, config.NewMachineConfig(nil)) {
		if !seen[r.Metadata().Type()] {
			seen[r.Metadata().Type()] = true
			check(rds.Register(ctx, r.(meta.ResourceWithRD)))
		}
	}
	for _, r := range examples {
		check(st.Create(ctx, r))
	}

	host, _, err := net.SplitHostPort(listen)
	check(err)
	addr := net.ParseIP(host)
	bundle := must(secrets.NewBundle(secrets.NewClock(), nil))
	ca := must(x509.NewCertificateAuthorityFromCertificateAndKey(bundle.Certs.OS))
	foreign := must(secrets.NewBundle(secrets.NewClock(), nil))
	n := &node{st: st, bundle: bundle}
	clientAuth, serverAuth := stdx509.ExtKeyUsageClientAuth, stdx509.ExtKeyUsageServerAuth
	admins := role.MakeSet(role.Admin)
	saveTalosconfig(filepath.Join(dir, "talosconfig"), host, bundle.Certs.OS.Crt, must(bundle.GenerateTalosAPIClientCertificate(admins)))
	// The foreign one trusts this node, so that it is the node that refuses.
	saveTalosconfig(filepath.Join(dir, "foreign"), host, bundle.Certs.OS.Crt, must(foreign.GenerateTalosAPIClientCertificate(admins)))
	saveTalosconfig(filepath.Join(dir, "other-cluster"), host, foreign.Certs.OS.Crt, must(foreign.GenerateTalosAPIClientCertificate(admins)))
	saveTalosconfig(filepath.Join(dir, "expired"), host, bundle.Certs.OS.Crt, clientPair(ca, time.Now().Add(-time.Hour), clientAuth))
	saveTalosconfig(filepath.Join(dir, "server-eku"), host, bundle.Certs.OS.Crt, clientPair(ca, time.Now().Add(time.Hour), serverAuth))

	pool := stdx509.NewCertPool()
	pool.AppendCertsFromPEM(bundle.Certs.OS.Crt)
	lis := serve(listen, n, &stdtls.Config{
		MinVersion: stdtls.VersionTLS13, SessionTicketsDisabled: true, ClientAuth: stdtls.RequireAndVerifyClientCert, ClientCAs: pool,
		Certificates: []stdtls.Certificate{serverPair(ca, "ref-1", addr)},
	})
	throwAway := must(x509.NewSelfSignedCertificateAuthority())
	maintenance := serve(maintenanceListen, n, &stdtls.Config{
		MinVersion: stdtls.VersionTLS13, SessionTicketsDisabled: true,
		Certificates: []stdtls.Certificate{serverPair(throwAway, "maintenance-service.talos.dev", addr)},
	})
	fmt.Println("READY", lis.Addr(), maintenance.Addr())

	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		f := append(strings.Fields(in.Text()), "", "")
		err = nil
		switch f[0] {
		case "stage":
			stage := must(runtime.MachineStageString(f[1]))
			_, err = st.UpdateWithConflicts(ctx, runtime.NewMachineStatus().Metadata(), func(r resource.Resource) error {
				r.(*runtime.MachineStatus).TypedSpec().Stage = stage
				return nil
			})
		case "host":
			_, err = st.UpdateWithConflicts(ctx, network.NewHostnameStatus(network.NamespaceName, network.HostnameID).Metadata(), func(r resource.Resource) error {
				r.(*network.HostnameStatus).TypedSpec().Hostname = f[1]
				return nil
			})
		case "rm-disk":
			err = st.TeardownAndDestroy(ctx, block.NewDisk(block.NamespaceName, f[1]).Metadata())
		case "etcd":
			n.etcd.Store(f[1] == "on")
		}
		fmt.Println("DONE", f[0], err)
	}
}
