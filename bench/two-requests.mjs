// The least that a program can do to learn that nothing has changed: a token and the set record.
const [, , realm, record, project] = process.argv;
const query = new URLSearchParams({
  service: "container_registry",
  scope: `repository:${project}/berth:pull`,
});
const authorization = `Basic ${Buffer.from(process.env.BENCH_LOGIN).toString("base64")}`;
const answer = await fetch(`${realm}?${query}`, { headers: { authorization } });
const { token } = await answer.json();
const found = await fetch(record, {
  headers: {
    authorization: `Bearer ${token}`,
    accept: "application/vnd.oci.image.manifest.v1+json",
  },
});
if (!found.ok) throw new Error(`${found.status}`);
process.stdout.write(`${Object.keys((await found.json()).annotations).length}\n`);
