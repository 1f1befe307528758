/** How a simulated node says no: the gRPC code and the text that the real one sends. */

export type RefusalCode =
  | 'InvalidArgument' | 'FailedPrecondition' | 'AlreadyExists' | 'NotFound' | 'PermissionDenied' | 'Unimplemented' | 'Unavailable' | 'Unknown' | 'Internal' | 'ResourceExhausted';

export interface Refusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly message: string;
}

export function refuse(code: RefusalCode, message: string): Refusal {
  return { kind: 'refused', code, message };
}
