// Countersign: report leads by signed postbacks, keep the receipts, verify webhooks. Node 18 or later, nothing else.
//
//   const client = new Client('https://track.example', 'KM8M1EDPTQCVM', 'whsec_...', 'receipts.jsonl')
//   const answer = await client.send({ click_id: 'AQ...', txid: 'order-1', email: 'ana@example.com' })
//   const event = verify(secret, request.headers, rawBody) // throws where it is forged, altered or old

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

const PAUSES_MS = [1000, 2000, 4000]
const WINDOW_S = 300

function sign(secret, ident, timestamp, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  return 'v1,' + createHmac('sha256', key).update(`${ident}.${timestamp}.`).update(body).digest('base64')
}

/** A 4xx: to send the same again would be refused again. */
export class Refused extends Error {}

export class Client {
  constructor(url, kid, secret, receipts) {
    Object.assign(this, { target: `${url.replace(/\/$/, '')}/postback/${kid}`, secret, receipts })
  }

  /** The answer, once its receipt is on the disk. The very same bytes go again where it is unknown whether they arrived: they count once. */
  async send(fields) {
    const body = JSON.stringify(fields)
    const ident = 'msg_' + randomBytes(18).toString('base64url')
    const timestamp = Math.floor(Date.now() / 1000)
    const headers = {
      'Content-Type': 'application/json', 'webhook-id': ident, 'webhook-timestamp': String(timestamp),
      'webhook-signature': sign(this.secret, ident, timestamp, body)
    }
    const said = await this.deliver(body, headers)
    this.keep({ ...said, request: `${ident}.${timestamp}.${body}` })
    return said
  }

  async deliver(body, headers) {
    for (const pause of [...PAUSES_MS, null]) {
      let failure
      try {
        const answer = await fetch(this.target, { method: 'POST', body, headers, signal: AbortSignal.timeout(15000) })
        if (answer.ok) return await answer.json()
        failure = new Error(await answer.text())
        if (answer.status < 500 && answer.status !== 429) failure = new Refused(failure.message)
      } catch (error) {
        failure = error
      }
      if (pause === null || failure instanceof Refused) throw failure
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  keep(receipt) {
    const file = openSync(this.receipts, 'a')
    writeSync(file, JSON.stringify(receipt) + '\n')
    fsyncSync(file)
    closeSync(file)
  }
}

/** What a delivery says, if it is the server's own, whole and fresh. headers: in lower case, body: the bytes as they came. */
export function verify(secret, headers, body, now = Date.now() / 1000) {
  const ident = headers['webhook-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? ''
  if (!ident || !/^\d+$/.test(timestamp) || Math.abs(now - timestamp) > WINDOW_S) throw new Error('no webhook of the last five minutes')
  const wanted = Buffer.from(sign(secret, ident, timestamp, body))
  const holds = one => one.length === wanted.length && timingSafeEqual(Buffer.from(one), wanted)
  if (!(headers['webhook-signature'] ?? '').split(' ').some(holds)) throw new Error('the signature does not hold')
  return JSON.parse(body)
}

async function main([command, ...rest]) {
  const secret = process.env.COUNTERSIGN_SECRET
  if (command === 'send') {
    const [url, kid, receipts, ...pairs] = rest
    const fields = Object.fromEntries(pairs.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
    console.log(JSON.stringify(await new Client(url, kid, secret, receipts).send(fields)))
  } else {
    const headers = Object.fromEntries(['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(n => [n, process.env[n.toUpperCase().replaceAll('-', '_')]]))
    console.log(verify(secret, headers, readFileSync(0)).type)
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  main(process.argv.slice(2)).catch(error => {
    console.error(error.message)
    process.exitCode = 1
  })
}
