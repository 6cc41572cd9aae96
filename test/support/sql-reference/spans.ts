/** Trees without their places in the text, for comparing trees made in different ways. */

/** A deep copy whose `span` fields are all undefined. */
export function withoutSpans<Node>(node: Node): Node {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return node;
  if (Array.isArray(node)) return node.map(withoutSpans) as Node;
  const entries = Object.entries(node).map(([key, value]: [string, unknown]) => [
    key,
    key === 'span' ? undefined : withoutSpans(value),
  ]);
  return Object.fromEntries(entries) as Node;
}
