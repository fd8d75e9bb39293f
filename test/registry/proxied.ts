/** Asks a registry that only a proxy can find; a process of its own, since proxies are read at its start. */
import { client } from "./clients.ts";

const host = "registry.berth.test";
const opened = client(undefined, { plainHosts: [host] });
const found = await opened.head({ host, path: "group/image", tag: "one" });
process.stdout.write(found?.digest ?? "nothing");
