// Reads the OpenAPI document of the Admin API into what the client needs: operations by subject, and the types that they
// use. Fails on anything that the emitters do not know, so that a new form in the document is noticed.
import { readFileSync } from 'node:fs'

const PREFIX = '#/components/schemas/'
/** Schemas whose fields a request may leave out, clear by `null`, or set. */
const CHANGES = /Change$|^Manifest/
/** Fields that hold a secret, by name. */
const SECRETS = new Set(['password', 'password_hash', 'secret_value', 'plaintext', 'secret', 'secretPlaintext', 'recoveryCodes'])
/** What the server reads and drops. */
const DROPPED = 'Accepted and ignored.'

export function readModel(path) {
  const document = normalized(JSON.parse(readFileSync(path, 'utf8')))
  if (!/^3\.1\./.test(document.openapi)) throw new Error(`OpenAPI ${document.openapi}`)
  const schemas = document.components.schemas
  const operations = Object.entries(document.paths)
    .flatMap(([template, methods]) => Object.entries(methods).map(([method, found]) => operation(template, method, found, schemas)))
  const ids = new Set(operations.map(({ id }) => id))
  if (ids.size !== operations.length) throw new Error('operation ids are not unique')
  return { operations, types: types(operations, schemas), version: document.info.version }
}

/**
 * Puts named scalars, such as times, in the place of the references to them, as Rust needs no type for them; and references in
 * the place of what generic schemas (`LookupList_UserLabel`) repeat.
 */
function normalized(document) {
  const { schemas } = document.components
  const isScalar = (schema) => schema.type !== undefined && schema.type !== 'object' && !isEnum(schema)
  const scalars = new Map(Object.entries(schemas).filter(([, schema]) => isScalar(schema)))
  for (const name of scalars.keys()) delete schemas[name]
  const names = new Map(Object.entries(schemas).map(([name, schema]) => [JSON.stringify(schema), name]))
  const replaced = (value, isNamed) => {
    if (Array.isArray(value)) return value.map((inner) => replaced(inner))
    if (value === null || typeof value !== 'object') return value
    const scalar = typeof value.$ref === 'string' && scalars.get(value.$ref.slice(PREFIX.length))
    if (scalar) return { ...scalar, description: value.description ?? scalar.description }
    const repeated = !isNamed && value.type === 'object' && names.get(JSON.stringify(value))
    if (repeated) return { $ref: PREFIX + repeated }
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner, value === schemas)]))
  }
  return replaced(document)
}

/** `two-factor` → `two_factor`, `clientId` → `client_id`. */
export function snake(name) {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_').toLowerCase()
}

/** `list_users` → `ListUsers`, `dry-run` → `DryRun`. */
export function pascal(name) {
  return snake(name).split('_').map((word) => word[0].toUpperCase() + word.slice(1)).join('')
}

/** The operations or types of each subject. */
export function bySubject(list) {
  const groups = new Map()
  for (const one of list) groups.set(one.subject, [...(groups.get(one.subject) ?? []), one])
  return groups
}

/** Methods of one type are few, so operations on users of any organization are a subject of their own. */
function subjectOf(template, tag) {
  return snake(tag === 'users' && template.startsWith('/users') ? 'users by id' : tag)
}

function operation(template, method, found, schemas) {
  if (!['get', 'post', 'put', 'delete'].includes(method)) throw new Error(`${method} ${template}`)
  const by = (place) => found.parameters.filter((parameter) => parameter.in === place)
  const headers = new Set(by('header').map(({ name }) => name))
  const path = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const query = withoutTwins(by('query'))
  const content = found.requestBody?.content
  if (content && !content['application/json']) throw new Error(`${found.operationId} takes no JSON`)
  const [, success] = Object.entries(found.responses).find(([status]) => status.startsWith('2'))
  return {
    id: found.operationId,
    subject: subjectOf(template, found.tags[0]),
    method,
    template,
    summary: found.summary,
    description: found.description,
    path,
    demanded: query.filter((parameter) => parameter.required),
    query: query.filter((parameter) => !parameter.required),
    body: content && typeOf(content['application/json'].schema),
    hasIfMatch: headers.has('If-Match'),
    isAuthorized: found.security !== undefined,
    answer: answer(success, schemas),
    cursor: ['cursor', 'after'].find((name) => query.some((parameter) => parameter.name === name)),
  }
}

/** Leaves out `dry-run` beside `dryRun`: both have one name in Rust, and mean the same. */
function withoutTwins(parameters) {
  const names = new Set(parameters.map(({ name }) => name))
  const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
  return parameters.filter(({ name }) => camel(name) === name || !names.has(camel(name)))
}

/** What is left of an answer without its envelope. */
function answer(success, schemas) {
  const isVersioned = Boolean(success.headers?.ETag)
  const content = success.content ?? {}
  const kinds = Object.keys(content)
  if (kinds.length === 0) return { kind: 'nothing' }
  if (kinds.length > 1 || kinds[0] !== 'application/json') return { kind: 'download' }
  const type = typeOf(content['application/json'].schema)
  const [, envelope, inner] = /^(Data|ListAnswer)_(\w+)$/.exec(type.name) ?? []
  if (envelope === 'ListAnswer') return { kind: 'page', type: reference(inner) }
  if (envelope === 'Data') return { kind: 'data', type: reference(inner), isVersioned }
  const { properties } = schemas[type.name]
  if (properties?.data?.type === 'array' && properties.nextCursor) return { kind: 'page', type: typeOf(properties.data.items) }
  if (properties && Object.keys(properties).join() === 'data') return { kind: 'data', type: typeOf(properties.data), isVersioned }
  return { kind: 'whole', type, isVersioned }
}

const reference = (name) => ({ kind: 'reference', name })

/** A schema of a value, as a type of Rust without `Option`. */
export function typeOf(schema) {
  if (schema.$ref) return reference(schema.$ref.slice(PREFIX.length))
  if (schema.oneOf) {
    const others = schema.oneOf.filter((one) => one.type !== 'null')
    if (others.length !== 1) throw new Error(`oneOf: ${JSON.stringify(schema)}`)
    return typeOf(others[0])
  }
  const [kind] = [schema.type].flat().filter((one) => one !== 'null')
  const isNatural = schema.minimum >= 0
  switch (kind) {
    case undefined: return { kind: 'any' }
    case 'string': return { kind: schema.format === 'uuid' ? 'uuid' : 'string' }
    case 'boolean': return { kind: 'boolean' }
    case 'number': return { kind: 'float' }
    case 'integer': return { kind: isNatural ? 'natural' : 'integer' }
    case 'array': return { kind: 'array', of: typeOf(schema.items) }
    case 'object':
      if (schema.properties) throw new Error(`an object without a name: ${JSON.stringify(schema).slice(0, 200)}`)
      return { kind: 'object' }
    default: throw new Error(`type ${kind}`)
  }
}

const isNullable = (schema) => Boolean(schema.oneOf?.some((one) => one.type === 'null') || [schema.type].flat().includes('null'))

/** Text about a field; that of a reference is within it. */
function descriptionOf(schema) {
  return schema.description ?? schema.oneOf?.find((one) => one.description)?.description
}

/** Properties of a schema and of those that it consists of. */
function propertiesOf(name, schemas) {
  const flat = (schema) => {
    if (schema.$ref) return flat(schemas[schema.$ref.slice(PREFIX.length)])
    if (schema.allOf) return schema.allOf.flatMap(flat)
    if (schema.type !== 'object' || schema.oneOf) throw new Error(`${name} is no object`)
    const required = new Set(schema.required ?? [])
    return Object.entries(schema.properties ?? {}).map(([field, property]) => [field, property, required.has(field)])
  }
  return flat(schemas[name])
}

/** References of a type. */
function references(type) {
  if (type.kind === 'reference') return [type.name]
  return type.kind === 'array' ? references(type.of) : []
}

function isEnum(schema) {
  return schema.type === 'string' && Array.isArray(schema.enum)
}

function fieldsOf(name, schemas) {
  return propertiesOf(name, schemas)
    .filter(([, property]) => property.description !== DROPPED)
    .map(([field, property, isRequired]) => ({
      name: field,
      description: descriptionOf(property),
      isRequired,
      isNullable: isNullable(property),
      type: SECRETS.has(field) ? secret(typeOf(property)) : typeOf(property),
    }))
}

/** A count such as `LoginPoint.password` is no secret. */
function secret(type) {
  if (type.kind === 'string') return { kind: 'secret' }
  return type.kind === 'array' ? { ...type, of: secret(type.of) } : type
}

/** All types that `roots` lead to. */
function reach(roots, schemas) {
  const found = new Set(), waiting = [...roots]
  while (waiting.length > 0) {
    const name = waiting.pop()
    if (found.has(name)) continue
    found.add(name)
    if (!schemas[name]) throw new Error(`no schema ${name}`)
    if (!isEnum(schemas[name])) waiting.push(...fieldsOf(name, schemas).flatMap(({ type }) => references(type)))
  }
  return found
}

/** Where a type belongs that these subjects use. */
function sharedBy(subjects) {
  return subjects.length > 2 ? 'shared' : subjects.sort().join('_and_')
}

/** The types of all operations, in the order of the document, by the subjects that use them. */
function types(operations, schemas) {
  const users = new Map()
  for (const { subject, body, answer } of operations) {
    for (const name of reach([body, answer.type].filter(Boolean).flatMap(references), schemas)) {
      users.set(name, (users.get(name) ?? new Set()).add(subject))
    }
  }
  const sent = reach(operations.flatMap(({ body }) => (body ? references(body) : [])), schemas)
  const answered = reach(operations.flatMap(({ answer }) => (answer.type ? references(answer.type) : [])), schemas)
  const changes = reach([...sent].filter((name) => CHANGES.test(name)), schemas)
  const isChange = (name) => changes.has(name) && (CHANGES.test(name) || !answered.has(name))
  const typed = Object.keys(schemas).filter((name) => users.has(name)).map((name) => ({
    name,
    subject: sharedBy([...users.get(name)]),
    description: schemas[name].description,
    values: isEnum(schemas[name]) ? schemas[name].enum : undefined,
    fields: isEnum(schemas[name]) ? undefined : fieldsOf(name, schemas),
    isSent: sent.has(name),
    isChange: isChange(name),
  }))
  const hasDefault = (name) => {
    const { fields, isChange } = typed.find((type) => type.name === name)
    const needs = ({ type, isRequired, isNullable }) => isRequired && !isNullable && !isChange && type.kind === 'reference'
    return fields !== undefined && fields.filter(needs).every(({ type }) => hasDefault(type.name))
  }
  for (const type of typed) type.hasDefault = type.isSent && hasDefault(type.name)
  return typed
}
