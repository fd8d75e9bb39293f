import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { printJunit } from "../../src/report/junit.ts";
import { printPage } from "../../src/report/page.ts";
import { makeReport, type Report } from "../../src/report/view.ts";
import { failure, largeReport, outcomeOf, planned, planOf } from "../report/samples.ts";
import { program } from "../support/programs.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the page in a browser", () => {
  let browser: Browser;
  let folder: Folder;
  let files = 0;
  before(async () => {
    folder = await temporaryFolder("berth-report-");
    browser = await chromium.launch({
      executablePath: program("chromium"),
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
  });
  after(async () => {
    await browser?.close();
    await folder?.remove();
  });

  /** Opens a report as a person does, from a file; whatever the browser complains of is kept. */
  async function open(report: Report, colorScheme: "light" | "dark" = "light") {
    const file = join(folder.path, `${files++}.html`);
    await writeFile(file, printPage(report));
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith("file:") && !address.startsWith("data:")) complaints.push(address);
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  for (const [scheme, width] of [
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
  ] as const)
    test(`has nothing that accessibility checks object to, in ${scheme} at ${width} pixels`, async () => {
      const { page, complaints } = await open(largeReport(60), scheme);
      await page.setViewportSize({ width, height: 900 });
      for (const folded of await page.locator("td details").all())
        await folded.evaluate((details) => details.setAttribute("open", ""));
      await page.evaluate(axe);
      const found = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as Axe).axe.run();
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
      });
      assert.deepEqual(found, []);
      assert.deepEqual(complaints, []);
      await page.close();
    });

  test("shows all of 200 images, what went wrong first", async () => {
    const { page, complaints } = await open(largeReport(200));
    assert.equal(await page.locator("tbody tr").count(), 200);
    assert.match((await page.locator("tbody td").first().textContent()) ?? "", /failed/);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test("is compact: 60 images stand on one screen, and on a telephone nothing scrolls sideways", async () => {
    const { page } = await open(largeReport(60));
    const graph = await page.locator(".graph").boundingBox();
    assert.ok(graph !== null && graph.height < 600, `${graph?.height} pixels`);
    await page.setViewportSize({ width: 390, height: 844 });
    const wide = await page
      .locator("html, .scroll, pre")
      .evaluateAll((elements) =>
        (elements as unknown as Sized[])
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map(({ tagName, className }) => `${tagName} ${className}`),
      );
    assert.deepEqual(wide, []);
    await page.close();
  });

  test("leads to commit, pipeline and job, and shows a failed build's last lines", async () => {
    const { page } = await open(largeReport(20));
    const below = "https://gitlab.example.com/acme/tools/-/";
    const to = (name: string) => page.getByRole("link", { name }).first().getAttribute("href");
    assert.equal(await to("c0ffeec0ffee"), `${below}commit/${"c0ffee".repeat(6)}`);
    assert.equal(await to("77"), `${below}pipelines/77`);
    assert.equal(await to("log of its job"), `${below}jobs/4711`);
    const [lines] = await page.locator(".failures pre").allTextContents();
    assert.match(lines ?? "", /\nE: Unable to locate package libfoo-dev$/);
    await page.getByText("what changed").first().click();
    assert.deepEqual(await page.locator("details[open] .added").allTextContents(), [
      "      + gcc-14 \\",
    ]);
    await page.close();
  });

  test("can be used with the keyboard: skip to the table, walk the graph, follow it to a row", async () => {
    const { page } = await open(largeReport(20));
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "To the table of all images");
    await page.locator(".graph .node").first().focus();
    await page.keyboard.press("Enter");
    assert.match(page.url(), /#image-\d+$/);
    assert.equal(await page.locator("tr:target").count(), 1);
    await page.close();
  });

  test("shows hostile texts as texts, and its JUnit is well-formed", async () => {
    const name = `</title></script><script>document.title="x"</script><img src=x onerror="document.title='x'">'"&`;
    const image = planned(name, "build");
    const error = failure("BUILD_FAILED", `${name}\u0007 ]]>`, name);
    const report = makeReport(
      planOf([image], { warnings: [name] }),
      [outcomeOf(image, "failed", 3, { error })],
      new Map(),
    );
    const { page, complaints } = await open(report);
    assert.equal(await page.locator("tbody th .name").textContent(), name);
    assert.equal(await page.title(), "berth: 1 of 1 image is missing");
    assert.deepEqual(complaints, []);
    const parsed = await page.evaluate((xml) => {
      const document = new (globalThis as unknown as Dom).DOMParser().parseFromString(
        xml,
        "text/xml",
      );
      const told = (name: string) => document.querySelector(name);
      return [told("parsererror")?.textContent, told("testcase")?.getAttribute("name")];
    }, printJunit(report));
    assert.deepEqual(parsed, [undefined, name]);
    await page.close();
  });

  function focused(page: Page): Promise<string> {
    return page.locator(":focus").evaluate((element) => element.textContent ?? "");
  }
});

/** What the page's own world has and Node's types do not. */
interface Axe {
  readonly axe: {
    run(): Promise<{
      violations: readonly { id: string; nodes: readonly { html: string }[] }[];
    }>;
  };
}
interface Sized {
  readonly tagName: string;
  readonly className: string;
  readonly scrollWidth: number;
  readonly clientWidth: number;
}
interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
}
interface Dom {
  readonly DOMParser: new () => {
    parseFromString(text: string, type: string): { querySelector(name: string): Element | null };
  };
}
