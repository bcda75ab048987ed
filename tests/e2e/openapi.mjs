// Reads a list of {document, exchanges} and prints for each what is wrong with it: problems of the document under Redocly's
// recommended rules, bodies without an example, exchanges that the document does not allow, and operations that none succeeded at.
import { readFileSync } from 'node:fs';
import Ajv2020 from '@redocly/ajv/dist/2020.js';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const MORE_RULES = {
  'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: false },
  'no-invalid-parameter-examples': 'error',
  'no-invalid-schema-examples': 'error',
};
const FORMATS = { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, uri: /^https?:\/\/\S+$/ };
const BINARY = ['application/octet-stream', 'image/gif', 'image/vnd.microsoft.icon'];

const lint = async (document) => {
  const config = await createConfig({ extends: ['recommended'], rules: MORE_RULES });
  const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  return found.map((p) => `${p.severity} ${p.ruleId} ${p.message} ${p.location[0]?.pointer}`);
};

const follow = (document, value) =>
  value?.$ref ? value.$ref.slice(2).split('/').reduce((at, part) => at[part], document) : value;

function* operations(document) {
  for (const [path, item] of Object.entries(document.paths)) for (const [method, operation] of Object.entries(item)) {
    yield { path, method, operation, name: `${method} ${path}` };
  }
}

const bodies = (document, operation) => {
  const parts = Object.entries(operation.responses ?? {}).map(([status, r]) => [status, follow(document, r)]);
  if (operation.requestBody) parts.push(['request', follow(document, operation.requestBody)]);
  return parts.flatMap(([part, { content = {} }]) => Object.entries(content).map(([type, media]) => ({ part, type, media })));
};

const bare = (document) => [...operations(document)].flatMap(({ name, operation }) =>
  bodies(document, operation).filter(({ type, media }) => !BINARY.includes(type) && !('example' in media || media.examples))
    .map(({ part, type }) => `${name} ${part} ${type}`));

// The operation of an exchange: a path without parameters wins; the last parameter of a tile's path takes the rest.
const find = (document, { method, path }) => {
  const fits = [...operations(document)].filter((o) => o.method === method.toLowerCase() &&
    new RegExp('^' + o.path.replace(/[.]/g, '\\.').replace('{tile}', '.+').replace(/\{\w+\}/g, '[^/]+') + '$').test(path));
  return fits.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
};

// What an answer holds has to be described, also where callers are told to expect more one day.
const closed = (schema) => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  const open = copy.properties && !('additionalProperties' in copy) && !copy.patternProperties;
  return open ? { ...copy, additionalProperties: false } : copy;
};

const validator = (document) => {
  const ajv = new Ajv2020({ strict: false, formats: FORMATS, allErrors: true });
  const id = 'urn:document';
  ajv.addSchema({ $id: id, components: { ...document.components, schemas: closed(document.components.schemas) } });
  const absolute = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components', `"${id}#/components`));
  return (schema, value) => {
    const check = ajv.compile(absolute(schema));
    return check(value) ? [] : check.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
  };
};

const value = (type, body) => (/[/+]json$/.test(type) ? JSON.parse(body) :
  type === 'application/x-www-form-urlencoded' ? Object.fromEntries(new URLSearchParams(body)) : body);

// One body of an exchange against what the document says of it.
const misfit = (validate, what, content, type, body) => {
  const media = content?.[type];
  if (!media) return [`${what}: ${type} is not described`];
  return media.schema ? validate(media.schema, value(type, body)).map((error) => `${what}: ${error}`) : [];
};

const misfits = (document, exchanges, reached) => {
  const validate = validator(document);
  return exchanges.flatMap((exchange) => {
    const found = find(document, exchange), what = `${exchange.method} ${exchange.path} ${exchange.status}`;
    if (!found) return [`${what}: no such operation`];
    const { responses, requestBody } = found.operation, status = String(exchange.status);
    const response = follow(document, responses[status] ?? responses[`${status[0]}XX`] ?? responses.default);
    if (!response) return [`${what}: no such answer`];
    const succeeded = /^[23]/.test(status);
    if (succeeded) reached.add(found.name);
    const sent = exchange.sent && succeeded ?
      misfit(validate, `${what} (request)`, follow(document, requestBody)?.content, exchange.sentType, exchange.sent) : [];
    return sent.concat(exchange.body ? misfit(validate, what, response.content, exchange.type, exchange.body) : []);
  });
};

const judge = async ({ document, exchanges }) => {
  const reached = new Set();
  const result = { problems: await lint(document), bare: bare(document), misfits: misfits(document, exchanges, reached) };
  const unreached = [...operations(document)].filter(({ name }) => !name.startsWith('head ') && !reached.has(name));
  return { ...result, unreached: unreached.map(({ name }) => name) };
};

console.log(JSON.stringify(await Promise.all(JSON.parse(readFileSync(0, 'utf8')).map(judge))));
