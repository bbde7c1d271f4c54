// Compiles only if the types of the client are those of the document. Never run.
import { answer, createPortaClient, ifMatch, rows, versioned } from '../src/index.ts'
import type { Schemas } from '../src/index.ts'

const porta = createPortaClient({ baseUrl: 'https://porta.example/api/admin' })
const path = { orgId: 'acme' }

export async function whatIsRight(): Promise<void> {
  const body: Schemas['NewUserBody'] = { email: 'ana@acme.example', givenName: 'Ana' }
  const { data: created, etag } = await versioned(porta.POST('/organizations/{orgId}/users', { params: { path }, body }))
  const user: Schemas['User'] = created
  const params = { path: { ...path, userId: user.id }, header: ifMatch(etag) }
  await answer(porta.PUT('/organizations/{orgId}/users/{userId}', { params, body: { givenName: null, locale: 'de' } }))
  const key = { 'Idempotency-Key': 'mine' }
  const nothing: undefined = await answer(porta.POST('/users/{userId}/unlock', { params: { path: { userId: user.id }, header: key } }))
  for await (const found of rows((page) => porta.GET('/users', { params: { query: { search: 'ana', ...page } } }))) {
    const name: string = found.organizationName
    void [name, nothing]
  }
  for await (const event of rows((page) => porta.GET('/audit', { params: { query: page } }))) void event.eventType
}

export async function whatIsWrong(): Promise<void> {
  // @ts-expect-error no such path
  await porta.GET('/nowhere')
  // @ts-expect-error no such method
  await porta.DELETE('/users/{userId}', { params: { path: { userId: 'x' } } })
  // @ts-expect-error the organization is missing
  await porta.GET('/organizations/{orgId}/users')
  // @ts-expect-error the address is missing
  await porta.POST('/organizations/{orgId}/users', { params: { path }, body: { givenName: 'Ana' } })
  // @ts-expect-error no such field
  const body: Schemas['NewUserBody'] = { email: 'a@b.example', admin: true }
  void body
  // @ts-expect-error no such parameter
  await porta.GET('/users', { params: { query: { serach: 'ana' } } })
  // @ts-expect-error an answer without a version
  await versioned(porta.GET('/users/{userId}/history', { params: { path: { userId: 'x' } } })).then(({ data }) => data.email)
}
