/** Single-board computers: their boot files come from an overlay of the schematic (siderolabs/overlays). Names are those of the overlays. */
import type { HardwareProfile } from './profile.ts';

interface Boards {
  readonly image: string;
  readonly source: string;
  /** Overlay names by the Talos minor that has them first; 1.11 stands for earlier as well. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

const BOARDS: readonly Boards[] = [
  {
    image: 'siderolabs/sbc-raspberrypi',
    source: 'https://github.com/siderolabs/sbc-raspberrypi',
    names: { '1.9': ['rpi_generic', 'revpi_generic'], '1.13': ['rpi_5'] },
  },
  {
    image: 'siderolabs/sbc-rockchip',
    source: 'https://github.com/siderolabs/sbc-rockchip',
    names: {
      '1.9': [
        'rockpi4',
        'rockpi4c',
        'rock4cplus',
        'rock4se',
        'nanopi-r4s',
        'nanopi-r5s',
        'rock64',
        'rockpro64',
        'orangepi-5',
        'orangepi-5-plus',
        'orangepi-r1-plus-lts',
        'helios64',
        'turingrk1',
        'rock5a',
        'rock5b',
      ],
      '1.12': ['odroid-m1', 'orangepi-5-max', 'radxa-zero-3e', 'rock3b', 'rock5t'],
      '1.13': ['friendlyelec-cm3588-nas', 'rock5b-plus'],
    },
  },
  {
    image: 'siderolabs/sbc-jetson',
    source: 'https://github.com/siderolabs/sbc-jetson',
    names: { '1.9': ['jetson_nano'] },
  },
  {
    image: 'siderolabs/sbc-allwinner',
    source: 'https://github.com/siderolabs/sbc-allwinner',
    names: { '1.9': ['bananapi_m64', 'libretech_all_h3_cc_h5', 'pine64'] },
  },
];

export const BOARD_PROFILES: readonly HardwareProfile[] = BOARDS.flatMap(({ image, source, names }) =>
  Object.entries(names).flatMap(([since, list]) =>
    list.map((name): HardwareProfile => ({
      name,
      group: 'board',
      title: `Single-board computer ${name}`,
      extensions: [],
      arch: 'arm64',
      overlay: { image, name },
      ...(since === '1.9' ? {} : { since }),
      notes: ['Its disk image is written to SD or eMMC: the machine counts as installed from the start.'],
      source,
    })),
  ),
);
