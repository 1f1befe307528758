/**
 * What a simulated machine is made of before anything is installed on it: its identity, hardware, the image that it boots and the
 * network that it is plugged into.
 */

export interface DiskDefinition {
  /** Kernel name, `sda`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly transport: 'ata' | 'nvme' | 'virtio' | 'usb' | 'mmc' | 'sas';
  readonly model?: string;
  readonly serial?: string;
  readonly wwid?: string;
  readonly uuid?: string;
  readonly modalias?: string;
  readonly busPath?: string;
  readonly rotational?: boolean;
  readonly readonly?: boolean;
  readonly cdrom?: boolean;
}

export interface LinkDefinition {
  /** Kernel name, `eth0` or `enp1s0`. */
  readonly name: string;
  readonly mac: string;
  readonly driver?: string;
  readonly busPath?: string;
  /** False: no cable. */
  readonly carrier?: boolean;
  readonly speedMbit?: number;
}

/** An address that a link has without any machine config: a lease, or what the platform or META (0xa) says. */
export interface InitialAddress {
  readonly link?: string;
  readonly kind: 'dhcp' | 'static';
  readonly ip: string;
  readonly prefix: number;
  readonly gateway?: string;
}

/** An image that can be booted: ISO, network boot, or a disk image. */
export interface BootImage {
  readonly talos: string;
  /** Id of Image Factory's schematic that the image carries; absent for the plain release. */
  readonly schematic?: string;
  readonly kernelArgs?: readonly string[];
  readonly extensions?: readonly string[];
}

export interface MachineDefinition {
  readonly name: string;
  readonly uuid: string;
  readonly serial: string;
  readonly manufacturer?: string;
  readonly productName?: string;
  readonly links: readonly LinkDefinition[];
  readonly disks: readonly DiskDefinition[];
  readonly memoryBytes: number;
  readonly cores: number;
  readonly arch: 'amd64' | 'arm64';
  /** Talos' platform: metal, nocloud, … */
  readonly platform: string;
  /** What the machine boots when its disk does not; absent: nothing to boot. */
  readonly media?: BootImage;
  readonly bootOrder: readonly ('disk' | 'media')[];
  readonly addresses: readonly InitialAddress[];
  /** META values written before the first boot, by key (`0x0a`). */
  readonly meta?: Readonly<Record<string, string>>;
}
