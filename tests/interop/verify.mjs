// Reads {"jwks","jws"}: verifies every signature of a General JWS, or a compact one, with npm jose. Exit 1 when one does not hold.
import { readFileSync } from 'node:fs';
import { compactVerify, createLocalJWKSet, generalVerify } from 'jose';

const { jwks, jws } = JSON.parse(readFileSync(0, 'utf8'));
const keys = createLocalJWKSet(jwks);
try {
  if (typeof jws === 'string') {
    await compactVerify(jws, keys);
  } else {
    const algs = [];
    let bytes = 0;
    for (const signature of jws.signatures) {
      const done = await generalVerify({ payload: jws.payload, signatures: [signature] }, keys);
      algs.push(done.protectedHeader.alg);
      bytes = done.payload.length;
    }
    console.log(JSON.stringify({ algs, bytes }));
  }
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
