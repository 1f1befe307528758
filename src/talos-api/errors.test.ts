import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { RECORDED_VERSIONS, readRecording } from '../../test/support/recorded-node.ts';
import { DeadlineExceeded } from '../system.ts';
import { quotable, TALOS_ERROR_CODES, talosErrorFrom, TalosApiError, type TalosErrorCode } from './errors.ts';

const context = { node: 'cp-1 (10.0.4.101:50000)', call: 'Version' };

/** gRPC code and text of everything that real nodes refused, by what it means. The first row that fits counts. */
const MEANINGS: readonly (readonly [grpc: string, text: RegExp, meaning: TalosErrorCode])[] = [
  ['AlreadyExists', /^etcd data directory is not empty$/, 'already-exists'],
  ['DeadlineExceeded', /./, 'deadline'],
  ['FailedPrecondition', /^invalid watch bookmark$/, 'precondition-failed'],
  ['FailedPrecondition', /^method is not supported in container mode$/, 'unimplemented'],
  ['FailedPrecondition', /^bootstrap is not available yet$/, 'not-available-yet'],
  ['FailedPrecondition', /^bootstrap can only be performed on a control plane node$/, 'unimplemented'],
  ['FailedPrecondition', /already in progress$/, 'in-progress'],
  ['Internal', /./, 'failed'],
  ['InvalidArgument', /./, 'invalid-argument'],
  ['NotFound', /./, 'not-found'],
  ['PermissionDenied', /^(namespace|resource type) ".*" is not supported$/, 'unimplemented'],
  ['PermissionDenied', /^(not authorized|no request forwarding|write access is not allowed)$/, 'permission-denied'],
  ['Unavailable', /tls: certificate required/, 'certificate-required'],
  ['Unavailable', /tls: (bad certificate|expired certificate|unknown certificate authority)/, 'certificate-refused'],
  ['Unavailable', /x509: certificate is valid for/, 'wrong-name'],
  ['Unavailable', /x509: certificate signed by unknown authority/, 'wrong-ca'],
  ['Unavailable', /dial unix |from runtime service failed/, 'not-available-yet'],
  [
    'Unavailable',
    /connection refused|no route to host|broken pipe|connection reset by peer|error reading from server: EOF/,
    'unreachable',
  ],
  ['Unimplemented', /./, 'unimplemented'],
  ['Unknown', /rpc not supported for learner/, 'not-available-yet'],
  ['Unknown', /^service ".*" not defined$/, 'not-found'],
  ['Unknown', /^log ".*" was not registered$/, 'not-found'],
  ['Unknown', /doesn't support (start|stop|restart) operation via API$/, 'unimplemented'],
  ['Unknown', /^failed to parse config: /, 'invalid-argument'],
  ['Unknown', /^path must be a regular file$/, 'invalid-argument'],
  ['Unknown', /^failed to parse image reference/, 'invalid-argument'],
  ['Unknown', /./, 'failed'],
];

describe('every error that a real node answered', () => {
  for (const version of RECORDED_VERSIONS) {
    it(`is translated to its meaning: ${version}`, () => {
      const refused = readRecording(version).filter((line) => line.error !== undefined);
      expect(refused.length).toBeGreaterThan(100);

      for (const { error, where } of refused) {
        if (error === undefined) continue;
        const row = MEANINGS.find(([grpc, text]) => grpc === error.code && text.test(error.message));
        const translated = talosErrorFrom(new ConnectError(error.message, error.code_num), context);

        expect({ where, text: error.message, code: translated.talosCode }).toEqual({
          where,
          text: error.message,
          code: row?.[2],
        });
      }
    });
  }
});

describe('talosErrorFrom', () => {
  it('tells our own stop from a server that was killed: both arrive as Canceled', () => {
    const killed = new ConnectError('http/2 stream closed with error code CANCEL (0x8)', Code.Canceled);

    expect(talosErrorFrom(killed, context).talosCode).toBe('unreachable');
    expect(talosErrorFrom(killed, { ...context, signal: AbortSignal.abort() }).talosCode).toBe('cancelled');
    expect(
      talosErrorFrom(killed, { ...context, signal: AbortSignal.abort(new DeadlineExceeded('no answer within 5 ms')) })
        .talosCode,
    ).toBe('deadline');
  });

  it.each([
    ['ECONNREFUSED', 'unreachable'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate-required'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'wrong-ca'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'wrong-name'],
    ['CERT_HAS_EXPIRED', 'certificate-expired'],
  ] as const)('finds %s however deep it is wrapped', (code, meaning) => {
    const inner = Object.assign(new Error('inner'), { code });
    const outer = new ConnectError(
      'outer',
      Code.Internal,
      undefined,
      undefined,
      new Error('between', { cause: inner }),
    );

    expect(talosErrorFrom(outer, context).talosCode).toBe(meaning);
  });

  it('takes a broken HTTP/2 stream and too many pings for a lost connection, with the state unknown', () => {
    const calm = new ConnectError(
      'http/2 stream closed with error code ENHANCE_YOUR_CALM (0xb)',
      Code.ResourceExhausted,
    );
    const broken = new ConnectError('http/2 stream closed with error code INTERNAL_ERROR (0x2)', Code.Internal);

    expect(talosErrorFrom(calm, context).talosCode).toBe('unreachable');
    expect(talosErrorFrom(broken, context).talosCode).toBe('unreachable');
  });

  it('says node, call and reason, and what to do next', () => {
    const error = talosErrorFrom(new ConnectError('not authorized', Code.PermissionDenied), context);

    expect(error).toBeInstanceOf(TalosApiError);
    expect(error.message).toBe('cp-1 (10.0.4.101:50000): Version failed: not authorized');
    expect(error.hint).toBe(TALOS_ERROR_CODES['permission-denied'].hint);
    expect(error.code).toBe('permission-denied');
  });
});

describe('what is quoted of a refusal', () => {
  it('leaves out the diff of a config', () => {
    const text =
      "this config change can't be applied in immediate mode\ndiff:\n--- a\n+++ b\n-    token: old\n+    token: hunter2\n";

    expect(quotable(text)).not.toContain('hunter2');
    expect(quotable(text)).toContain("can't be applied in immediate mode");
  });

  it('names unknown keys without their values', () => {
    const text =
      'error decoding document /v1alpha1/ (line 1): unknown keys found during decoding:\nmachine:\n    tokn: hunter2\n    files:\n        - contnt: |\n            hunter3\n        - hunter4\n';

    const quoted = quotable(text);

    expect(quoted).toContain('tokn:');
    expect(quoted).toContain('contnt:');
    expect(quoted).not.toMatch(/hunter/);
    expect(quotable('yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `hunter5` into int')).not.toMatch(
      /hunter/,
    );
  });
});
