// Reads {"secret","id","timestamp","body"}, prints the signature header that npm standardwebhooks makes of it.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const { secret, id, timestamp, body } = JSON.parse(readFileSync(0, 'utf8'));
console.log(new Webhook(secret).sign(id, new Date(timestamp * 1000), body));
