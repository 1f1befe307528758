/** How a simulated node says no: the gRPC code and the text that the real one sends. */

export const REFUSAL_CODES = [
  'InvalidArgument',
  'FailedPrecondition',
  'AlreadyExists',
  'NotFound',
  'PermissionDenied',
  'Unimplemented',
  'Unavailable',
  'Unknown',
  'Internal',
  'ResourceExhausted',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly message: string;
}

export function refuse(code: RefusalCode, message: string): Refusal {
  return { kind: 'refused', code, message };
}
