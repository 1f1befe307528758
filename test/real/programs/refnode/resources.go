package main

import (
	"net/netip"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/extensions"
	"github.com/siderolabs/talos/pkg/machinery/nethelpers"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	"github.com/siderolabs/talos/pkg/machinery/resources/etcd"
	"github.com/siderolabs/talos/pkg/machinery/resources/hardware"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	"github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	"github.com/siderolabs/talos/pkg/machinery/resources/time"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
)

// with fills a resource's typed spec.
func with[S any, R interface {
	resource.Resource
	TypedSpec() *S
}](r R, fill func(*S)) resource.Resource {
	fill(r.TypedSpec())
	return r
}

// One of each kind that Ichor reads, as a metal node would have it.
func exampleResources() []resource.Resource {
	prefix := netip.MustParsePrefix
	addr := netip.MustParseAddr
	return []resource.Resource{
		with(runtime.NewMachineStatus(), func(s *runtime.MachineStatusSpec) {
			s.Stage = runtime.MachineStageBooting
			s.Status.UnmetConditions = []runtime.UnmetCondition{{Name: "services", Reason: "etcd not running"}}
		}),
		with(network.NewHostnameStatus(network.NamespaceName, network.HostnameID), func(s *network.HostnameStatusSpec) { s.Hostname = "ref-1" }),
		with(block.NewDisk(block.NamespaceName, "sda"), func(s *block.DiskSpec) {
			s.DevPath, s.Serial, s.Transport, s.Rotational = "/dev/sda", "REF-sda", "ata", true
			s.SetSize(64 << 30)
		}),
		with(block.NewDisk(block.NamespaceName, "nvme0n1"), func(s *block.DiskSpec) {
			// Digits only: a string that looks like a number.
			s.DevPath, s.Serial, s.Transport, s.WWID, s.Symlinks = "/dev/nvme0n1", "0012345", "nvme", "eui.0025385b21404f65", []string{"/dev/disk/by-id/nvme-x"}
			s.SetSize(2000398934016)
		}),
		with(block.NewSystemDisk(block.NamespaceName, block.SystemDiskID), func(s *block.SystemDiskSpec) { s.DiskID, s.DevPath = "nvme0n1", "/dev/nvme0n1" }),
		with(block.NewDiscoveredVolume(block.NamespaceName, "nvme0n1p4"), func(s *block.DiscoveredVolumeSpec) {
			s.DevPath, s.Type, s.Parent, s.Name, s.PartitionLabel, s.PartitionIndex = "/dev/nvme0n1p4", "partition", "nvme0n1", "xfs", "STATE", 4
			s.SetSize(100 << 20)
		}),
		with(block.NewVolumeStatus(block.NamespaceName, "s-swap1"), func(s *block.VolumeStatusSpec) {
			s.Phase, s.Type, s.Location, s.Filesystem, s.EncryptionProvider = block.VolumePhaseReady, block.VolumeTypePartition, "/dev/nvme0n1p6", block.FilesystemTypeSwap, block.EncryptionProviderLUKS2
			s.SetSize(1 << 30)
		}),
		with(network.NewLinkStatus(network.NamespaceName, "enp1s0"), func(s *network.LinkStatusSpec) {
			s.Index, s.Type, s.MTU, s.OperationalState, s.LinkState, s.SpeedMegabits = 2, nethelpers.LinkEther, 1500, nethelpers.OperStateUp, true, 1000
			s.HardwareAddr = nethelpers.HardwareAddr{0xde, 0xad, 0xbe, 0xef, 0x00, 0x01}
			s.PermanentAddr = s.HardwareAddr
			s.Driver, s.BusPath, s.AltNames = "igc", "0000:01:00.0", []string{"eno1"}
		}),
		with(network.NewAddressStatus(network.NamespaceName, "enp1s0/10.0.4.101/24"), func(s *network.AddressStatusSpec) {
			s.Address, s.LinkName, s.Family, s.Scope = prefix("10.0.4.101/24"), "enp1s0", nethelpers.FamilyInet4, nethelpers.ScopeGlobal
		}),
		with(network.NewRouteStatus(network.NamespaceName, "inet4/10.0.4.1//1024"), func(s *network.RouteStatusSpec) {
			s.Family, s.Gateway, s.OutLinkName, s.Table, s.Priority = nethelpers.FamilyInet4, addr("10.0.4.1"), "enp1s0", nethelpers.TableMain, 1024
		}),
		with(network.NewNodeAddress(network.NamespaceName, "routed-no-k8s"), func(s *network.NodeAddressSpec) { s.Addresses = []netip.Prefix{prefix("10.0.4.101/24")} }),
		with(network.NewResolverStatus(network.NamespaceName, network.ResolverID), func(s *network.ResolverStatusSpec) { s.DNSServers = []netip.Addr{addr("1.1.1.1")} }),
		with(cluster.NewMember(cluster.NamespaceName, "ref-1"), func(s *cluster.MemberSpec) {
			s.NodeID, s.Addresses, s.Hostname, s.MachineType, s.OperatingSystem = "abc", []netip.Addr{addr("10.0.4.101")}, "ref-1", machine.TypeControlPlane, "Talos (v1.14.1)"
		}),
		// A member id that YAML could take for a number.
		with(etcd.NewMember(etcd.NamespaceName, etcd.LocalMemberID), func(s *etcd.MemberSpec) { s.MemberID = "0012345678901234" }),
		with(runtime.NewExtensionStatus(runtime.NamespaceName, "000.ghcr.io-siderolabs-qemu-guest-agent-9.1.2"), func(s *runtime.ExtensionStatusSpec) {
			s.Image, s.Metadata = "000.ghcr.io-siderolabs-qemu-guest-agent-9.1.2.sqsh", extensions.Metadata{Name: "qemu-guest-agent", Version: "9.1.2"}
		}),
		with(runtime.NewExtensionStatus(runtime.NamespaceName, "001.schematic"), func(s *runtime.ExtensionStatusSpec) {
			s.Metadata = extensions.Metadata{Name: "schematic", Version: "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba", ExtraInfo: "customization: {}\n"}
		}),
		with(hardware.NewSystemInformation(hardware.SystemInformationID), func(s *hardware.SystemInformationSpec) {
			s.Manufacturer, s.ProductName, s.SerialNumber, s.UUID = "LENOVO", "10RS", "PC0X1234", "8F2B5C00-35E5-11E9-B0E1-0A94EF0F7B00"
		}),
		with(v1alpha1.NewService("kubelet"), func(s *v1alpha1.ServiceSpec) { s.Running, s.Healthy = true, true }),
		with(runtime.NewSecurityStateSpec(v1alpha1.NamespaceName), func(s *runtime.SecurityStateSpec) { s.SecureBoot, s.BootedWithUKI = true, true }),
		with(runtime.NewKernelCmdline(), func(s *runtime.KernelCmdlineSpec) { s.Cmdline = "talos.platform=metal console=tty0" }),
		with(k8s.NewNodename(k8s.NamespaceName, k8s.NodenameID), func(s *k8s.NodenameSpec) { s.Nodename, s.HostnameVersion = "ref-1", "2" }),
		with(k8s.NewNodeStatus(k8s.NamespaceName, "ref-1"), func(s *k8s.NodeStatusSpec) {
			s.Nodename, s.NodeReady, s.Labels = "ref-1", true, map[string]string{"node-role.kubernetes.io/control-plane": ""}
		}),
		with(k8s.NewStaticPodStatus(k8s.NamespaceName, "kube-system/kube-apiserver-ref-1"), func(s *k8s.StaticPodStatusSpec) {
			s.PodStatus = map[string]any{
				"phase":      "Pending",
				"conditions": []any{map[string]any{"type": "Ready", "status": "False"}},
				"containerStatuses": []any{map[string]any{"name": "kube-apiserver",
					"state": map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff", "message": "no such host"}}}},
			}
		}),
		with(runtime.NewDiagnostic(runtime.NamespaceName, "address-overlap"), func(s *runtime.DiagnosticSpec) {
			s.Message, s.Details = "host and Kubernetes pod/service CIDR addresses overlap", []string{"10.0.4.0/24"}
		}),
		with(time.NewStatus(), func(s *time.StatusSpec) { s.Synced = true }),
		with(runtime.NewUnattendedInstallStatus(), func(s *runtime.UnattendedInstallStatusSpec) {
			s.Image, s.Phase = "factory.talos.dev/metal-installer/x:v1.14.1", runtime.UnattendedInstallPhaseWaitingForReboot
		}),
		with(runtime.NewPlatformMetadataSpec(runtime.NamespaceName, ""), func(s *runtime.PlatformMetadataSpec) {
			s.Platform, s.Hostname, s.Tags = "metal", "ref-1", map[string]string{"a": "1"}
		}),
		with(runtime.NewMetaKey(runtime.NamespaceName, "0x0c"), func(s *runtime.MetaKeySpec) { s.Value = "rack=1" }),
		with(runtime.NewBootID(), func(s *runtime.BootIDSpec) { s.BootID = bootID }),
	}
}
