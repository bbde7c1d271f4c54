// Typed client of the Admin API. Paths, parameters and bodies are those of the OpenAPI document (`schema.d.ts`, generated):
//
//   const porta = createPortaClient({ baseUrl: 'https://porta.example/api/admin', tokens })
//   const { data: user, etag } = await versioned(porta.GET('/users/{userId}', { params: { path: { userId } } }))
//   await answer(porta.PUT('/users/{userId}', { params: { path: { userId }, header: ifMatch(etag) }, body: { locale: 'de' } }))
//   for await (const user of rows((page) => porta.GET('/users', { params: { query: { search: 'ana', ...page } } }))) …
import createClient from 'openapi-fetch'
import type { Client } from 'openapi-fetch'
import { ApiError, retryAfter } from './errors.ts'
import type { components, paths } from './schema.d.ts'
import { sender } from './send.ts'
import type { SendOptions } from './send.ts'

export { ApiError, NoAnswer } from './errors.ts'
export type { Detail, ErrorKind } from './errors.ts'
export type { components, operations, paths } from './schema.d.ts'
export type { SendOptions, TokenSource } from './send.ts'

export type PortaClient = Client<paths>
/** The types of requests and answers by name. */
export type Schemas = components['schemas']

export interface PortaOptions extends SendOptions {
  /** Where the API is, such as `https://porta.example/api/admin`. */
  baseUrl: string
  /** Sent with every request. */
  headers?: Record<string, string>
}

export function createPortaClient({ baseUrl, headers = {}, ...options }: PortaOptions): PortaClient {
  return createClient<paths>({ baseUrl, headers, fetch: sender(options) })
}

/** What a call of the client resolves to. */
interface Outcome<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of an answer. Throws an `ApiError` if the server refused. */
export async function answer<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call
  if (!response.ok) throw new ApiError(response.status, error, response.headers.get('x-request-id') ?? undefined, retryAfter(response))
  return data as T
}

/** The entity in an answer, and its version. */
export async function versioned<T>(call: Promise<Outcome<{ data: T }>>): Promise<{ data: T; etag: string | undefined }> {
  const { data } = await answer(call)
  return { data, etag: (await call).response.headers.get('etag') ?? undefined }
}

/** Headers of a change that is refused if the entity was changed since it was read. */
export function ifMatch(etag: string | undefined): { 'If-Match'?: string } {
  return etag === undefined ? {} : { 'If-Match': etag }
}

/** A page of a list by cursor. */
interface Page<T> {
  data: T[]
  nextCursor?: string | null
}

/**
 * The rows of a list, page by page. `call` asks for the page that its argument describes. Pages are by cursor, so that rows
 * created or removed meanwhile make no other row appear twice or not at all.
 */
export async function* rows<T>(
  call: (page: { limit: number; cursor?: string }) => Promise<Outcome<Page<T>>>,
): AsyncGenerator<T, void, undefined> {
  let page: { limit: number; cursor?: string } = { limit: 100 }
  for (;;) {
    const { data, nextCursor } = await answer(call(page))
    yield* data
    if (!nextCursor) return
    page = { limit: 100, cursor: nextCursor }
  }
}
