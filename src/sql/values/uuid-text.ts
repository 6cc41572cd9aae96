/** UUID text in canonical form: 32 lower-case hex digits in groups of 8-4-4-4-12. */

const HYPHENS_AFTER: ReadonlySet<number> = new Set([8, 12, 16, 20]);

/** Reads a UUID in either case, with or without its hyphens or braces around it; undefined for anything else. */
export function parseUuid(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  const bare = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1) : trimmed;
  if (bare.length !== 36 && bare.length !== 32) return undefined;
  let canonical = '';
  let digits = 0;
  for (let i = 0; i < bare.length; i++) {
    const unit = bare.charCodeAt(i);
    const digit = (unit >= 0x30 && unit <= 0x39) || (unit >= 0x61 && unit <= 0x66);
    if (digit) {
      if (HYPHENS_AFTER.has(digits) && !canonical.endsWith('-')) {
        if (bare.length === 36) return undefined;
        canonical += '-';
      }
      canonical += bare[i];
      digits++;
    } else if (unit === 0x2d && bare.length === 36 && HYPHENS_AFTER.has(digits) && !canonical.endsWith('-')) {
      canonical += '-';
    } else {
      return undefined;
    }
  }
  return digits === 32 ? canonical : undefined;
}
