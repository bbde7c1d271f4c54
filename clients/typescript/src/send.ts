// Sends requests: tokens, keys, and what is sent again.
import { NoAnswer, kindOf, retryAfter } from './errors.ts'

/** Supplies access tokens. */
export interface TokenSource {
  token(): Promise<string>
  /** Another token after the server refused this one; asked once a call. */
  renewed?(refused: string): Promise<string | undefined>
}

export interface SendOptions {
  /** Not needed where a cookie signs in, as in a console behind its own server. */
  tokens?: TokenSource
  /** How often a call is sent again before its failure is the result: 3 times if it is not set. */
  retries?: number
  /** The longest wait between two, in milliseconds: 15 seconds if it is not set. */
  longestWait?: number
  /** Milliseconds until the answer begins, each time that a call is sent: 30 seconds if it is not set. */
  timeout?: number
  /** Replaces `fetch`. */
  fetch?: (request: Request) => Promise<Response>
}

const FIRST_WAIT = 200

/** A `fetch` that sends a request again if that is safe. Redirects are errors: the token goes to one server only. */
export function sender(options: SendOptions = {}): (request: Request) => Promise<Response> {
  const { tokens, retries = 3, longestWait = 15_000, timeout = 30_000, fetch: send = globalThis.fetch } = options
  return async (given) => {
    const request = new Request(given, { redirect: 'error' })
    if (request.method === 'POST' && !request.headers.has('idempotency-key')) {
      request.headers.set('idempotency-key', crypto.randomUUID())
    }
    let token = await tokens?.token()
    let isRenewed = false
    for (let sent = 1; ; sent += 1) {
      const outcome = await attempt(send, request, token, timeout)
      if (outcome instanceof Response && outcome.status === 401 && token !== undefined && !isRenewed) {
        const renewed = await tokens?.renewed?.(token)
        if (renewed === undefined) return outcome
        await outcome.body?.cancel()
        ;[token, isRenewed, sent] = [renewed, true, sent - 1]
        continue
      }
      const wait = waitOf(request, sent, outcome)
      if (sent > retries || wait === undefined || wait > longestWait) {
        if (outcome instanceof Response) return outcome
        throw outcome
      }
      if (outcome instanceof Response) await outcome.body?.cancel()
      await pause(wait, request.signal)
    }
  }

  /** Milliseconds until the request is sent again. */
  function waitOf(request: Request, sent: number, outcome: Response | Error): number | undefined {
    if (!isWorthwhile(request, outcome)) return undefined
    const demanded = outcome instanceof Response ? retryAfter(outcome) : undefined
    return demanded === undefined ? Math.min(FIRST_WAIT * 2 ** (sent - 1), longestWait) : demanded * 1000
  }
}

/** The answer, or why there is none. Cancelling by the caller is thrown. */
async function attempt(
  send: (request: Request) => Promise<Response>,
  request: Request,
  token: string | undefined,
  timeout: number,
): Promise<Response | Error> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), timeout)
  try {
    const copy = new Request(request.clone(), { signal: AbortSignal.any([request.signal, limit.signal]) })
    if (token !== undefined) copy.headers.set('authorization', `Bearer ${token}`)
    return await send(copy)
  } catch (cause) {
    request.signal.throwIfAborted()
    return new NoAnswer('The server did not answer', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function isWorthwhile(request: Request, outcome: Response | Error): boolean {
  if (!(outcome instanceof Response)) return isRepeatable(request)
  switch (kindOf(outcome.status, false)) {
    // Refused before anything happened.
    case 'limited': return true
    case 'unavailable': return isRepeatable(request)
    // The first request with this Idempotency-Key is under way.
    case 'conflict': return request.method === 'POST' && retryAfter(outcome) !== undefined
    default: return false
  }
}

/**
 * Whether sending it a second time is the same as sending it once. After a lost answer, a second deletion would be told
 * that there is nothing to delete, and a second change that its version is an old one.
 */
function isRepeatable(request: Request): boolean {
  switch (request.method) {
    case 'GET':
    case 'POST': return true
    case 'PUT': return !request.headers.has('if-match')
    default: return false
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
}
