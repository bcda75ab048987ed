// libphonenumber-js for test_phones.py: reads JSON lines ["text","country"], prints the valid number in each, "+" and digits, or an empty line.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { parsePhoneNumberFromString } = require('libphonenumber-js/max');

function read([text, country]) {
  try {
    const number = parsePhoneNumberFromString(text, country || undefined);
    return number !== undefined && number.isValid() ? number.number : '';
  } catch {
    return '';
  }
}

const lines = readFileSync(0, 'utf8').split('\n').filter((line) => line);
process.stdout.write(lines.map((line) => read(JSON.parse(line)) + '\n').join(''));
