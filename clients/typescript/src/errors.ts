// What went wrong with a call.

/** What can be done about a refusal. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  /** Taken, or changed at the same moment. */
  | 'conflict'
  /** No longer in the version that `If-Match` named: `current` is what it is now. */
  | 'modified'
  | 'too-large'
  | 'limited'
  | 'unavailable'
  | 'other'

/** What is wrong with a field. */
export interface Detail {
  code: string
  /** Names and indexes from the outside in. */
  path: string[]
  message: string
}

/** A refusal of the server. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly kind: ErrorKind
  readonly details: readonly Detail[]
  /** The entity as it is now, and its version. */
  readonly current: { entity: unknown; etag: string } | undefined

  constructor(
    readonly status: number,
    body: unknown,
    /** Names the request in the server's log. */
    readonly requestId: string | undefined,
    /** Seconds until the request may be sent again. */
    readonly retryAfter: number | undefined,
  ) {
    const { error, message, details, currentEntity, currentETag } = fields(body)
    const texts = [error, message].filter((text) => typeof text === 'string')
    super(texts.length > 0 ? texts.join(': ') : `Status ${status}`)
    this.details = Array.isArray(details) ? details : []
    this.current = typeof currentETag === 'string' ? { entity: currentEntity, etag: currentETag } : undefined
    this.kind = kindOf(status, this.current !== undefined)
  }
}

/** No answer arrived, or no whole one. A change may have happened all the same. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

export function kindOf(status: number, isModified: boolean): ErrorKind {
  switch (status) {
    case 400: return 'invalid'
    case 401: return 'unauthenticated'
    case 403: return 'forbidden'
    case 404: return 'not-found'
    case 409: return isModified ? 'modified' : 'conflict'
    case 412: return 'modified'
    case 413: return 'too-large'
    case 429: return 'limited'
    case 502:
    case 503:
    case 504: return 'unavailable'
    default: return 'other'
  }
}

/** A proxy's answer may be of any form. */
function fields(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
}

/** Seconds of a `Retry-After`; a date counts as nothing. */
export function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('retry-after')?.trim() ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
