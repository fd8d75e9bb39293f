// The peer of the case `prune`: the same pages and deletions, without any decision.
const [host, repositories, doomed] = process.argv.slice(2);
const waiting = [];
for (let index = 0; index < Number(repositories); index++) {
  const path = `/v2/group/project/image-${index}`;
  let next = `${path}/tags/list?n=1000`;
  while (next !== undefined) {
    const answer = await fetch(`http://${host}${next}`);
    const { tags } = await answer.json();
    for (const tag of tags) if (/-r\d+$/.test(tag)) waiting.push(`${path}/manifests/${tag}`);
    next = /<([^>]*)>/.exec(answer.headers.get("link") ?? "")?.[1];
  }
}
if (waiting.length !== Number(repositories) * Number(doomed)) throw new Error("tags are missing");
const work = async () => {
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const answer = await fetch(`http://${host}${path}`, { method: "DELETE" });
    await answer.arrayBuffer();
  }
};
await Promise.all(Array.from({ length: 32 }, work));
