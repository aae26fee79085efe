/**
 * Which fields of an object a validator looks at: schemas of Kubernetes let any other field pass, so one that is misspelt
 * would be no fault to them. A validator reads every field that its schema has; what it never reads, the schema does not have.
 */
type Fields = Record<string, unknown>;

/** Paths of fields that `validate` has not read, as `/spec/replicsa`; throws where the object is not valid. */
export function findUnknownFields(object: Fields, validate: (object: Fields) => void): string[] {
  const read = new Map<object, Set<string>>();
  validate(watch(object, read) as Fields);
  return listUnread(object, read, '');
}

function watch(value: unknown, read: Map<object, Set<string>>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const names = read.get(value) ?? new Set();
  read.set(value, names);
  return new Proxy(value, {
    get: (target, name) => {
      if (typeof name === 'string') names.add(name);
      return watch(Reflect.get(target, name), read);
    },
  });
}

function listUnread(value: unknown, read: ReadonlyMap<object, ReadonlySet<string>>, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const names = read.get(value);
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = `${path}/${name}`;
    return names?.has(name) === true ? listUnread(inner, read, place) : [place];
  });
}
