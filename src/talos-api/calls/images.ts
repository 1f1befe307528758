/** Images and the installer: ImageService and LifecycleService of ≥1.13, MachineService.ImagePull before. */
import { ContainerDriver, ContainerdNamespace } from '../../gen/proto/common/common_pb.ts';
import { ImageService } from '../../gen/proto/machine/image_pb.ts';
import { LifecycleService, type LifecycleServiceInstallProgress } from '../../gen/proto/machine/lifecycle_pb.ts';
import { MachineService } from '../../gen/proto/machine/machine_pb.ts';
import type { Caller } from '../caller.ts';
import { DEADLINES_MS } from '../deadlines.ts';
import { isTalosError, TalosApiError } from '../errors.ts';
import type { CallOptions, ImageCalls, ImageStore, InstallerProgress, PulledImage } from '../port.ts';
import { ask } from './reply.ts';

/** {CONTAINERD, NS_CRI} does not exist (talos-1-api.md §1.6). */
const STORES = {
  system: { driver: ContainerDriver.CRI, namespace: ContainerdNamespace.NS_SYSTEM },
  cri: { driver: ContainerDriver.CRI, namespace: ContainerdNamespace.NS_CRI },
  inmem: { driver: ContainerDriver.CONTAINERD, namespace: ContainerdNamespace.NS_SYSTEM },
} as const satisfies Record<ImageStore, { driver: ContainerDriver; namespace: ContainerdNamespace }>;

export function createImageCalls(caller: Caller): ImageCalls {
  return {
    async imagePull(image, store, options) {
      try {
        return await pull(caller, { image, store }, options);
      } catch (reason) {
        if (!isTalosError(reason, 'unimplemented') || store === 'inmem') throw reason;
        return await pullLegacy(caller, { image, store }, options);
      }
    },
    lifecycleUpgrade: ({ image, store }, options) =>
      caller.stream({
        call: `LifecycleService.Upgrade to ${image}`,
        kind: 'finite',
        silenceMs: DEADLINES_MS.installerSilence,
        options,
        run: (wire) =>
          installerProgress(
            caller.client(LifecycleService).upgrade({ containerd: STORES[store], source: { imageName: image } }, wire),
          ),
      }),
    lifecycleInstall: ({ image, store, disk }, options) =>
      caller.stream({
        call: `LifecycleService.Install of ${image} on ${disk}`,
        kind: 'finite',
        silenceMs: DEADLINES_MS.installerSilence,
        options,
        run: (wire) =>
          installerProgress(
            caller
              .client(LifecycleService)
              .install({ containerd: STORES[store], source: { imageName: image }, destination: { disk } }, wire),
          ),
      }),
  };
}

interface Pull {
  readonly image: string;
  readonly store: ImageStore;
}

/** Progress first, the name last; only the name when the image is there already. */
async function pull(caller: Caller, { image, store }: Pull, options: CallOptions | undefined): Promise<PulledImage> {
  const call = `ImageService.Pull of ${image}`;
  const messages = caller.stream({
    call,
    kind: 'finite',
    silenceMs: DEADLINES_MS.installerSilence,
    options,
    run: (wire) => caller.client(ImageService).pull({ containerd: STORES[store], imageRef: image }, wire),
  });
  let name: string | undefined;
  for await (const { response } of messages) {
    if (response.case === 'name') name = response.value;
  }
  if (name === undefined) throw new TalosApiError('failed', `${call}: the answer ended without the image's name`);
  return { name };
}

async function pullLegacy(
  caller: Caller,
  { image, store }: Pull,
  options: CallOptions | undefined,
): Promise<PulledImage> {
  const { namespace } = STORES[store];
  await ask(caller, {
    call: `ImagePull of ${image}`,
    deadlineMs: DEADLINES_MS.image,
    options,
    run: (wire) => caller.client(MachineService).imagePull({ namespace, reference: image }, wire),
  });
  return { name: image };
}

async function* installerProgress(
  messages: AsyncIterable<{ readonly progress?: LifecycleServiceInstallProgress | undefined }>,
): AsyncGenerator<InstallerProgress, void, undefined> {
  for await (const { progress } of messages) {
    const response = progress?.response;
    if (response?.case === 'message') yield { kind: 'message', text: response.value };
    if (response?.case === 'exitCode') yield { kind: 'exit', code: response.value };
  }
}
