/** What stands in the fields of a form. */

/** Empty where there is no such field, or it holds a file. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}
