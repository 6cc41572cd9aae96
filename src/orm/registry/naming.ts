/** Names that follow from other names. */

/** `createdAt` → `created_at`, `HTTPServer` → `http_server`, `line2` → `line2`. Identifiers stay within [a-z0-9_$]. */
export function snakeCase(name: string): string {
  let snake = '';
  for (let i = 0; i < name.length; i++) {
    const unit = name[i]!;
    if (isUpper(unit) && i > 0 && startsWord(name, i)) snake += '_';
    snake += unit.toLowerCase();
  }
  return snake;
}

/** A capital begins a word after a small letter or digit, and as the last capital of an acronym before a small letter. */
function startsWord(name: string, at: number): boolean {
  const before = name[at - 1]!;
  if (before === '_') return false;
  if (!isUpper(before)) return true;
  const after = name[at + 1];
  return after !== undefined && after !== '_' && !isUpper(after) && !isDigit(after);
}

function isUpper(unit: string): boolean {
  return unit !== unit.toLowerCase();
}

function isDigit(unit: string): boolean {
  return unit >= '0' && unit <= '9';
}

/** `posts_author_id_idx`, or `…_key` when unique, as PostgreSQL would say. */
export function indexName(table: string, columns: readonly string[], unique: boolean): string {
  return [table, ...columns, unique ? 'key' : 'idx'].join('_');
}

/**
 * Names that every object answers to, or that could reach a prototype through a decoded object: an entity's property
 * must not be one, because leaving it out of a plain object would not leave it out.
 */
export function isForbiddenName(name: string): boolean {
  return name === 'prototype' || name in Object.prototype;
}
