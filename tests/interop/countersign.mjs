// Without "private": prints a fresh Ed25519 pair as JWKs. With it: prints a compact JWS over "payload", made by npm jose.
import { readFileSync } from 'node:fs';
import { CompactSign, exportJWK, generateKeyPair, importJWK } from 'jose';

const given = JSON.parse(readFileSync(0, 'utf8'));
if (given.private) {
  const key = await importJWK(given.private, 'EdDSA');
  const text = new TextEncoder().encode(JSON.stringify(given.payload));
  console.log(await new CompactSign(text).setProtectedHeader({ alg: 'EdDSA' }).sign(key));
} else {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  console.log(JSON.stringify({ public: await exportJWK(pair.publicKey), private: await exportJWK(pair.privateKey) }));
}
