/**
 * Every resource type that nodes of Talos 1.11 to 1.14 list, as read from real ones: type, namespace, first minor, last minor (absent or
 * `-`: still there), and the first minor in which only an administrator may read it (absent: never).
 */
export const RESOURCE_TYPE_TABLE: string = `
APIServerConfigs.kubernetes.talos.dev controlplane 11 - 12
APIServiceConfigs.runtime.talos.dev runtime 13
AcquireConfigSpecs.v1alpha1.talos.dev runtime 11
AcquireConfigStatuses.v1alpha1.talos.dev runtime 11
AddressSpecs.net.talos.dev network 11
AddressStatuses.net.talos.dev network 11
AdjtimeStatuses.v1alpha1.talos.dev runtime 11
AdmissionControlConfigs.kubernetes.talos.dev controlplane 11
Affiliates.cluster.talos.dev cluster 11
ApiCertificates.secrets.talos.dev secrets 11 - 11
AuditPolicyConfigs.kubernetes.talos.dev controlplane 11 - 11
AuthenticationConfigs.kubernetes.talos.dev controlplane 14 - 14
AuthorizationConfigs.kubernetes.talos.dev controlplane 11 - 12
BGPInstanceConfigs.net.talos.dev network 14
BGPPeerStatuses.net.talos.dev network 14
BaseRuntimeSpecConfigs.cri.talos.dev cri 14
BlockDevices.block.talos.dev runtime 11
BlockSymlinks.block.talos.dev runtime 11
BootIDs.runtime.talos.dev runtime 14
BootedEntries.talos.dev runtime 11
BootstrapManifestsConfigs.kubernetes.talos.dev controlplane 11
CPUCores.hardware.talos.dev hardware 14
CPUStats.perf.talos.dev perf 11
CertSANs.secrets.talos.dev secrets 11 - 11
ConfigStatuses.kubernetes.talos.dev controlplane 11
ContainerImageStatuses.containers.talos.dev containers 14
ContainerInstanceSpecs.containers.talos.dev containers 14
ContainerInstanceStatuses.containers.talos.dev containers 14
ContainerLifecycles.containers.talos.dev containers 14
ContainerMountStatuses.containers.talos.dev containers 14
ContainerSpecs.containers.talos.dev containers 14
ControllerManagerConfigs.kubernetes.talos.dev controlplane 11
CustomizationConfigs.cri.talos.dev cri 14 - 14
DNSResolveCaches.net.talos.dev network 11
DNSUpstreams.net.talos.dev network 11
DeviceConfigSpecs.net.talos.dev network 11 - 11
DevicesStatuses.runtime.talos.dev runtime 11
Diagnostics.runtime.talos.dev runtime 11
DiscoveredVolumes.block.talos.dev runtime 11
DiscoveryConfigs.cluster.talos.dev config 11 - 11
DiscoveryRefreshRequests.block.talos.dev runtime 11
DiscoveryRefreshStatuses.block.talos.dev runtime 11
Disks.block.talos.dev runtime 11
EncryptionSalts.secrets.talos.dev secrets 11 - 11
Endpoints.kubernetes.talos.dev controlplane 11
Environments.runtime.talos.dev runtime 13
EtcFileSpecs.files.talos.dev files 11 - 12
EtcFileStatuses.files.talos.dev files 11
EtcdConfigs.etcd.talos.dev etcd 11
EtcdEncryptionConfigs.kubernetes.talos.dev k8s 14 - 14
EtcdMembers.etcd.talos.dev etcd 11
EtcdRootSecrets.secrets.talos.dev secrets 11 - 11
EtcdSecrets.secrets.talos.dev secrets 11 - 11
EtcdSpecs.etcd.talos.dev etcd 11
EthernetSpecs.net.talos.dev network 11
EthernetStatuses.net.talos.dev network 11
EventSinkConfigs.runtime.talos.dev runtime 11
ExtensionServiceConfigStatuses.runtime.talos.dev runtime 11
ExtensionServiceConfigs.runtime.talos.dev runtime 11 - 12
ExtensionStatuses.runtime.talos.dev runtime 11
ExtraManifestsConfigs.kubernetes.talos.dev controlplane 11
FSScrubSchedules.block.talos.dev runtime 14
FSScrubStatuses.block.talos.dev runtime 14
HardwareAddresses.net.talos.dev network 11
HostDNSConfigs.net.talos.dev network 11
HostnameSpecs.net.talos.dev network 11
HostnameStatuses.net.talos.dev network 11
Identities.cluster.talos.dev cluster 11
ImageCacheConfigs.cri.talos.dev cri 11
ImageFactorySchematics.runtime.talos.dev runtime 14
ImageVerificationRules.security.talos.dev security 13
Infos.cluster.talos.dev cluster 11
KernelCmdlines.runtime.talos.dev runtime 11
KernelModuleSpecs.runtime.talos.dev runtime 11
KernelModuleStatuses.runtime.talos.dev runtime 14
KernelParamDefaultSpecs.runtime.talos.dev runtime 11
KernelParamSpecs.runtime.talos.dev runtime 11
KernelParamStatuses.runtime.talos.dev runtime 11
KmsgLogConfigs.runtime.talos.dev runtime 11
KubePrismConfigs.kubernetes.talos.dev k8s 11
KubePrismEndpoints.kubernetes.talos.dev k8s 11
KubePrismStatuses.kubernetes.talos.dev k8s 11
KubeSpanConfigs.kubespan.talos.dev config 11 - 11
KubeSpanEndpoints.kubespan.talos.dev kubespan 11
KubeSpanIdentities.kubespan.talos.dev kubespan 11 - 11
KubeSpanPeerSpecs.kubespan.talos.dev kubespan 11
KubeSpanPeerStatuses.kubespan.talos.dev kubespan 11
KubeletConfigs.kubernetes.talos.dev k8s 11 - 12
KubeletKubeconfigs.kubernetes.talos.dev k8s 12
KubeletLifecycles.kubernetes.talos.dev k8s 11
KubeletSecrets.secrets.talos.dev secrets 11 - 11
KubeletSpecs.kubernetes.talos.dev k8s 11 - 12
KubeletStatuses.kubernetes.talos.dev k8s 14
KubernetesAccessConfigs.cluster.talos.dev config 11
KubernetesDynamicCerts.secrets.talos.dev secrets 11 - 11
KubernetesRootSecrets.secrets.talos.dev secrets 11 - 11
KubernetesSecrets.secrets.talos.dev secrets 11 - 11
LVMLogicalVolumeSpecs.storage.talos.dev storage 14
LVMLogicalVolumeStatuses.storage.talos.dev storage 14
LVMPhysicalVolumeSpecs.storage.talos.dev storage 14
LVMPhysicalVolumeStatuses.storage.talos.dev storage 14
LVMRefreshRequests.storage.talos.dev storage 14
LVMValidationErrors.storage.talos.dev storage 14
LVMVolumeGroupSpecs.storage.talos.dev storage 14
LVMVolumeGroupStatuses.storage.talos.dev storage 14
LinkAliasSpecs.net.talos.dev network 12
LinkRefreshes.net.talos.dev network 11
LinkSpecs.net.talos.dev network 11 - 11
LinkStatuses.net.talos.dev network 11
LoadedKernelModules.runtime.talos.dev runtime 11
MDArraySpecs.storage.talos.dev storage 14
MDArrayStatuses.storage.talos.dev storage 14
MDRefreshRequests.storage.talos.dev storage 14
MachineConfigs.config.talos.dev config 11 - 11
MachineResetSignals.runtime.talos.dev runtime 11
MachineStatuses.runtime.talos.dev runtime 11
MachineTypes.config.talos.dev config 11
MaintenanceRootSecrets.secrets.talos.dev secrets 11 - 11
MaintenanceServiceCertificates.secrets.talos.dev secrets 11 12 11
MaintenanceServiceConfigs.runtime.talos.dev runtime 11
MaintenanceServiceRequests.runtime.talos.dev runtime 11
ManifestStatuses.kubernetes.talos.dev controlplane 11
Manifests.kubernetes.talos.dev controlplane 11
Members.cluster.talos.dev cluster 11
MemoryModules.hardware.talos.dev hardware 11
MemoryStats.perf.talos.dev perf 11
MetaKeys.runtime.talos.dev runtime 11
MetaLoads.runtime.talos.dev runtime 11
MountRequests.block.talos.dev runtime 11
MountStatuses.block.talos.dev runtime 11
MountStatuses.runtime.talos.dev runtime 11
NTPStatuses.v1alpha1.talos.dev runtime 14
Namespaces.meta.cosi.dev meta 11
NetworkStatuses.net.talos.dev network 11
NfTablesChains.net.talos.dev network 11
NodeAddressFilters.net.talos.dev network 11
NodeAddressSortAlgorithms.net.talos.dev network 11
NodeAddresses.net.talos.dev network 11
NodeAnnotationSpecs.k8s.talos.dev k8s 11 - 11
NodeCordonedSpecs.k8s.talos.dev k8s 11 - 11
NodeIPConfigs.kubernetes.talos.dev k8s 11
NodeIPs.kubernetes.talos.dev k8s 11
NodeLabelSpecs.k8s.talos.dev k8s 11 - 11
NodeStatuses.kubernetes.talos.dev k8s 11
NodeTaintSpecs.k8s.talos.dev k8s 11 - 11
Nodenames.kubernetes.talos.dev k8s 11
OOMActions.talos.dev runtime 12 - 12
OSRootSecrets.secrets.talos.dev secrets 11 - 11
OperatorSpecs.net.talos.dev network 11 - 11
PCIDevices.hardware.talos.dev hardware 11
PCIDriverRebindConfigs.runtime.talos.dev hardware 11
PCIDriverRebindStatuses.runtime.talos.dev hardware 11
PCRStatuses.hardware.talos.dev hardware 11
PKIStatuses.etcd.talos.dev etcd 11
PlatformConfigs.net.talos.dev network 12
PlatformMetadatas.talos.dev runtime 11
ProbeSpecs.net.talos.dev network 11
ProbeStatuses.net.talos.dev network 11
Processors.hardware.talos.dev hardware 11
RebootRequests.runtime.talos.dev runtime 14
RegistryConfigs.cri.talos.dev cri 11 - 12
ResolverSpecs.net.talos.dev network 11
ResolverStatuses.net.talos.dev network 11
ResourceDefinitions.meta.cosi.dev meta 11
RouteSpecs.net.talos.dev network 11
RouteStatuses.net.talos.dev network 11
RoutingRuleSpecs.net.talos.dev network 13
RoutingRuleStatuses.net.talos.dev network 13
SBOMItems.talos.dev runtime 11
SchedulerConfigs.kubernetes.talos.dev controlplane 11
SeccompProfiles.cri.talos.dev cri 11
SecretStatuses.kubernetes.talos.dev controlplane 11
SecurityStates.talos.dev runtime 11
ServicePIDs.runtime.talos.dev runtime 13
Services.v1alpha1.talos.dev runtime 11
SiderolinkConfigs.siderolink.talos.dev config 11 - 11
SiderolinkStatuses.siderolink.talos.dev config 11
SiderolinkTunnels.siderolink.talos.dev config 11 - 11
StaticHosts.net.talos.dev network 14
StaticPodServerStatuses.kubernetes.talos.dev k8s 11
StaticPodStatuses.kubernetes.talos.dev k8s 11
StaticPods.kubernetes.talos.dev k8s 11
SwapStatuses.block.talos.dev runtime 11
SystemDisks.block.talos.dev runtime 11
SystemInformations.hardware.talos.dev hardware 11
TUFTrustedRoots.security.talos.dev security 13
TimeServerSpecs.net.talos.dev network 11
TimeServerStatuses.net.talos.dev network 11
TimeStatuses.v1alpha1.talos.dev runtime 11
TrustdCertificates.secrets.talos.dev secrets 11 - 11
UnattendedInstallStatuses.runtime.talos.dev runtime 14
UniqueMachineTokens.runtime.talos.dev runtime 11
UserDiskConfigStatuses.block.talos.dev runtime 11
Versions.runtime.talos.dev runtime 11
VolumeConfigs.block.talos.dev runtime 11 - 11
VolumeLifecycles.block.talos.dev runtime 11
VolumeMountRequests.block.talos.dev runtime 11
VolumeMountStatuses.block.talos.dev runtime 11
VolumeStatuses.block.talos.dev runtime 11
VolumeTrimSchedules.block.talos.dev runtime 14
WatchdogTimerConfigs.runtime.talos.dev runtime 11
WatchdogTimerStatuses.runtime.talos.dev runtime 11
ZswapStatuses.block.talos.dev runtime 11
`;
