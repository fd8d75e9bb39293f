/** Circles, and what comes first. */

/** Which nodes lead to one another (Tarjan), those that others lead to before them. */
export function componentsOf<Node>(
  nodes: readonly Node[],
  next: (node: Node) => readonly Node[],
): readonly (readonly Node[])[] {
  const lowest = new Map<Node, number>();
  const open: Node[] = [];
  const components: (readonly Node[])[] = [];
  const visit = (node: Node): number => {
    const known = lowest.get(node);
    if (known !== undefined) return known;
    const own = lowest.size;
    const place = open.length;
    lowest.set(node, own);
    open.push(node);
    const low = Math.min(own, ...next(node).map(visit));
    lowest.set(node, low);
    if (low < own) return low;
    const component = open.splice(place);
    for (const each of component) lowest.set(each, Number.POSITIVE_INFINITY);
    components.push(component);
    return Number.POSITIVE_INFINITY;
  };
  nodes.forEach(visit);
  return components;
}
