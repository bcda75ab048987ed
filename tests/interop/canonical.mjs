// Reads JSON lines, prints how many of them npm canonicalize (RFC 8785) would have written differently.
import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';

const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line);
console.log(lines.filter((line) => canonicalize(JSON.parse(line)) !== line).length);
