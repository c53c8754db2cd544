// Shows /openapi.json. What comes from there is text everywhere, never markup.

const api = await (await fetch('/openapi.json')).json();

// element makes an element with attributes and children, which are elements or text.
function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children.flat().filter((c) => c !== '' && c != null));
  return e;
}

const code = (text) => element('code', {}, text);

// paragraphs makes one of each part of a text between empty lines.
const paragraphs = (text = '') => text.split('\n\n').filter(Boolean).map((p) => element('p', {}, p));

// resolve follows a reference within the document.
function resolve(schema = {}) {
  if (!schema.$ref) return schema;
  return schema.$ref.slice(2).split('/').reduce((at, key) => at[key], api);
}

// typeName says in words what values a schema has.
function typeName(schema) {
  if (schema.contentEncoding === 'base64' || schema.format === 'byte') return 'string, base64';
  const type = [schema.type ?? 'any JSON value'].flat().filter((t) => t !== 'null').join(' or ');
  if (type === 'array') return `array of ${typeName(resolve(schema.items))}`;
  if (type === 'object' && schema.additionalProperties?.type) return `object of ${schema.additionalProperties.type}s`;
  return type;
}

// limits lists what else a value has to be.
function limits(schema) {
  const values = schema.enum ?? resolve(schema.items ?? {}).enum;
  const { minimum, maximum, minLength, maxLength } = schema;
  return [
    values && `one of ${values.join(', ')}`,
    schema.default !== undefined && `default ${schema.default}`,
    maximum !== undefined ? `${minimum ?? 0} to ${maximum}` : minimum > 0 && `at least ${minimum}`,
    maxLength !== undefined && `${minLength ?? 0} to ${maxLength} characters`,
  ].filter(Boolean).join('; ');
}

// properties lists those of a schema, the required ones first: the document has
// lost the order of the others.
function properties(schema) {
  const required = schema.required ?? [];
  const others = Object.keys(schema.properties ?? {}).filter((name) => !required.includes(name));
  return [...required, ...others].map((name) => [name, schema.properties[name]]);
}

// fields lists the properties of a schema, and those of the objects within it under
// their path.
function fields(schema, path = '') {
  schema = resolve(schema);
  if (schema.type === 'array') return fields(schema.items, `${path}[]`);
  return properties(schema).flatMap(([name, property]) => {
    const field = resolve(property);
    const at = path ? `${path}.${name}` : name;
    const required = schema.required?.includes(name);
    return [{ name: at, schema: field, required, description: property.description ?? field.description }, ...fields(property, at)];
  });
}

// table shows fields or parameters.
function table(heading, rows, marksRequired) {
  if (rows.length === 0) return [];
  return [element('h3', {}, heading), element('dl', {}, rows.map((row) => element('div', {},
    element('dt', {}, code(row.name),
      element('small', {}, typeName(row.schema), marksRequired && row.required ? [', ', element('span', { class: 'required' }, 'required')] : '')),
    element('dd', {}, paragraphs(row.description), limits(row.schema) ? element('small', {}, limits(row.schema)) : ''))))];
}

// example makes a value of a schema: only what has an example or is required.
function example(schema) {
  schema = resolve(schema);
  if (schema.examples) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'array') return [example(schema.items)];
  if (schema.properties) {
    return Object.fromEntries(properties(schema)
      .filter(([name, p]) => schema.required?.includes(name) || resolve(p).examples || resolve(p).properties)
      .map(([name, p]) => [name, example(p)]));
  }
  return { string: '', integer: 0, number: 0, boolean: false, object: {} }[schema.type] ?? null;
}

const shell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

// parameters are those of an operation in one place.
const parameters = (operation, place) => (operation.parameters ?? []).filter((p) => p.in === place);

const bodySchema = (operation) => operation.requestBody?.content['application/json']?.schema;

// curl is a command that calls an operation.
function curl(method, path, operation) {
  const value = (p) => [example(p.schema)].flat().join(',');
  const target = parameters(operation, 'path').reduce((at, p) => at.replace(`{${p.name}}`, encodeURIComponent(value(p))), path);
  const query = parameters(operation, 'query').filter((p) => p.schema.examples).map((p) => `${p.name}=${encodeURIComponent(value(p)).replaceAll('%2C', ',')}`);
  const streams = operation.responses['200']?.content?.['text/event-stream'];
  const words = ['curl', streams ? '-sN' : '-s'];
  const schema = bodySchema(operation);
  if (method !== 'get' && !(method === 'post' && schema)) words.push('-X', method.toUpperCase());
  words.push(shell(location.origin + target + (query.length ? `?${query.join('&')}` : '')));
  let command = words.join(' ');
  if (schema) command += ` \\\n  -H 'Content-Type: application/json' \\\n  -d ${shell(JSON.stringify(example(schema)))}`;
  return command;
}

// answer is what a response looks like.
function answer(response) {
  const [type, content] = Object.entries(response?.content ?? {})[0] ?? [];
  if (!type) return '';
  const value = example(content.schema);
  if (type !== 'text/event-stream') return JSON.stringify(value, null, 2);
  return Object.entries(value[0]).map(([name, v]) => `${name}: ${typeof v === 'object' ? JSON.stringify(v) : v}`).join('\n') + '\n';
}

const status = document.getElementById('status');

async function copy(text, from) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // the page is not trusted with it, as over plain HTTP from another machine
    getSelection().selectAllChildren(from);
    document.execCommand('copy');
  }
  status.textContent = 'Copied';
  setTimeout(() => { status.textContent = ''; }, 2000);
}

function sample(heading, text, copyable) {
  if (!text) return '';
  const pre = element('pre', { tabindex: '0', 'aria-label': heading }, code(text));
  const head = element('div', {}, element('h3', {}, heading));
  if (copyable) {
    const button = element('button', { type: 'button' }, 'Copy');
    button.addEventListener('click', () => copy(text, pre));
    head.append(button);
  }
  return element('div', { class: 'example' }, head, pre);
}

const isError = (code) => code >= '400';

// errors lists the statuses of an operation that are problems.
function errors(operation) {
  return [element('h3', {}, 'Errors'), element('dl', { class: 'errors' }, Object.entries(operation.responses)
    .filter(([code]) => isError(code))
    .map(([status, r]) => element('div', {}, element('dt', {}, code(status)), element('dd', {}, r.description))))];
}

function section(method, path, operation) {
  const id = operation.operationId;
  const [success, response] = Object.entries(operation.responses).find(([code]) => !isError(code));
  const content = Object.entries(response.content ?? {})[0];
  const inputs = ['path', 'query', 'header'].flatMap((place) => parameters(operation, place)
    .map((p) => ({ name: p.name, required: p.required, description: p.description, schema: { ...resolve(p.schema), description: '' } })));
  return element('section', { id, 'aria-labelledby': `${id}-title` },
    element('h2', { id: `${id}-title` }, element('a', { href: `#${id}` }, operation.summary)),
    element('p', { class: 'route' }, element('span', { class: `method ${method}` }, method.toUpperCase()), ' ', code(path)),
    element('div', {},
      element('div', { class: 'description' }, paragraphs(operation.description)),
      table('Parameters', inputs, true),
      bodySchema(operation) ? table('Body', fields(bodySchema(operation)), true) : [],
      content ? table(`Response ${success}: ${content[0]}`, fields(content[1].schema).map((f) => ({ ...f, name: f.name.replace(/^\[\]\./, '') })))
        : [element('h3', {}, `Response ${success}`), element('p', {}, 'It has no body.')],
      errors(operation)),
    element('div', { class: 'examples' },
      sample('Example', curl(method, path, operation), true),
      sample(`Response ${success}`, answer(response))));
}

// problems explains the form of all errors.
function problems() {
  const schema = api.components.schemas.Problem;
  return element('section', { id: 'errors', 'aria-labelledby': 'errors-title' },
    element('h2', { id: 'errors-title' }, element('a', { href: '#errors' }, 'Errors')),
    element('p', { class: 'route' }, code('application/problem+json')),
    element('div', {}, paragraphs('All errors have this form (RFC 9457).'), table('Fields', fields(schema))),
    element('div', { class: 'examples' }, sample('Example', JSON.stringify(example(schema), null, 2))));
}

const main = document.getElementById('main');
const contents = document.getElementById('contents');

function add(part, ...label) {
  main.append(part);
  contents.append(element('li', {}, element('a', { href: `#${part.id}` }, label)));
}

document.getElementById('title').textContent = api.info.title;
document.getElementById('about').textContent = api.info.description;
for (const { name } of api.tags) { // each operation has one
  contents.append(element('li', { class: 'group' }, name));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of ['get', 'put', 'post', 'patch', 'delete'].filter((m) => methods[m]?.tags.includes(name))) {
      add(section(method, path, methods[method]), element('span', { class: `method ${method}` }, method.toUpperCase()), code(path));
    }
  }
}
contents.append(element('li', { class: 'group' }, 'Form of all errors'));
add(problems(), element('span'), 'Problem');

// The part that is being read is marked in the contents.
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const link = contents.querySelector(`a[href="#${target.id}"]`);
    if (isIntersecting) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}, { rootMargin: '-10% 0px -85% 0px' });
document.querySelectorAll('section').forEach((s) => observer.observe(s));

if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
