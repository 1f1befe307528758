/** Who a Kubernetes client certificate says that it is. */
import { X509Certificate } from 'node:crypto';

/** The groups, Kubernetes' name for the organizations of a client certificate. */
export function certificateOrganizations(pem: string): readonly string[] {
  return new X509Certificate(pem).subject
    .split('\n')
    .flatMap((line) => line.split(' + '))
    .map((attribute) => attribute.trim())
    .filter((attribute) => attribute.startsWith('O='))
    .map((attribute) => attribute.slice(2));
}
