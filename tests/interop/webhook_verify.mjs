// Reads [{"secret","headers","body"}]: each is verified by npm standardwebhooks and by svix, and neither takes it with another body. Prints the types.
import { readFileSync } from 'node:fs';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';

for (const { secret, headers, body } of JSON.parse(readFileSync(0, 'utf8'))) {
  for (const [name, Library] of [['standardwebhooks', Standard], ['svix', Svix]]) {
    const library = new Library(secret);
    const said = library.verify(body, headers);
    let taken = false;
    try {
      library.verify(body.replace('{', '{ '), headers);
      taken = true;
    } catch { /* as it should */ }
    if (taken) throw new Error(`${name} takes another body`);
    console.log(name, said.type);
  }
}
