/** Small projects laid out as QEMU, libvirt and freedesktop's projects are. */
import { join } from "node:path";
import { filesBelow } from "../support/folders.ts";

const project = (name: string) => filesBelow(join(import.meta.dirname, "projects", name));

/** Container jobs with NAME, consumers with IMAGE, a tag by variable, gating by QEMU_CI. */
export const qemu = project("qemu");

/** One folder of Dockerfiles that is its own context, `ci-NAME:latest`, rules for merge requests. */
export const lcitool = project("lcitool");

/** No Dockerfile at all: packages and a script in variables. */
export const freedesktop = project("freedesktop");
