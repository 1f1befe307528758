/** Who a Kubernetes client certificate says that it is. */
import { X509Certificate } from 'node:crypto';

/** The groups, Kubernetes' name for the organizations of a client certificate. */
export function certificateOrganizations(pem: string): readonly string[] {
  const subject: string | undefined = new X509Certificate(pem).subject;
  return (subject ?? '')
    .split('\n')
    .flatMap((line) => line.split(' + '))
    .map((attribute) => attribute.trim())
    .filter((attribute) => attribute.startsWith('O='))
    .map((attribute) => attribute.slice(2));
}
