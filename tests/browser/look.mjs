// Looks at every page of a folder: `node look.mjs FOLDER`. Prints `NAME: good`, or what is wrong with it.
// Where the packages and the browser are, the environment says: see main.rs.

import { createRequire } from "node:module";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(path.join(process.env.TRAILSEAL_NODE_MODULES, "x.js"));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [400, 1280];
const folder = path.resolve(process.argv[2]);
const profile = await mkdtemp(path.join(tmpdir(), "trailseal-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.TRAILSEAL_CHROMIUM,
  headless: true,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let failed = false;
try {
  for (const file of (await readdir(folder)).filter((file) => file.endsWith(".html")).sort()) {
    const name = file.slice(0, -".html".length);
    const wrong = await look(name);
    failed ||= wrong.length > 0;
    console.log(wrong.length === 0 ? `${name}: good` : `${name}:\n  ${wrong.join("\n  ")}`);
  }
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

// Everything that is wrong with one page.
async function look(name) {
  const wrong = [];
  const page = await context.newPage();
  const address = pathToFileURL(path.join(folder, `${name}.html`)).href;
  page.on("console", (message) => wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => { wrong.push("a dialog: something ran"); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url() !== address) wrong.push(`request: ${request.url()}`); });
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(address);
      wrong.push(...await fits(page, width));
      const high = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.screenshot({
        path: path.join(folder, `${name}-${width}-${scheme}.png`), fullPage: true, animations: "disabled",
        clip: { x: 0, y: 0, width, height: Math.min(high, 8000) },
      });
    }
    // The narrow page has scrolled tables, the wide one has not: both were laid out above; the rules are about either.
    wrong.push(...await accessible(page, scheme));
  }
  wrong.push(...await styled(page), ...await headings(page), ...await keyboard(page), ...await onPaper(page, name));
  if (name === "hostile") wrong.push(...await harmless(page));
  await page.close();
  return wrong;
}

async function fits(page, width) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  return wide > width ? [`${wide} pixels wide at ${width}`] : [];
}

async function accessible(page, scheme) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, impact, nodes }) =>
    `${scheme}: ${id} (${impact}), ${nodes.length} times, such as ${nodes[0].html.slice(0, 120)} ${nodes[0].failureSummary}`);
}

// The policy lets the style through: it names the very style that is there.
async function styled(page) {
  const wrap = await page.evaluate(() => getComputedStyle(document.body).overflowWrap);
  return wrap === "anywhere" ? [] : ["the style was not applied"];
}

async function headings(page) {
  const levels = await page.evaluate(() =>
    [...document.querySelectorAll("h1,h2,h3,h4")].map((heading) => Number(heading.tagName[1])));
  const skipped = levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
  const first = levels.filter((level) => level === 1).length;
  return skipped.length > 0 || first !== 1 ? [`headings out of order: ${levels}`] : [];
}

// Tab reaches the skip link first, everything after it is seen to have the focus, and nothing holds it.
async function keyboard(page) {
  const wrong = [];
  const focused = () => page.evaluate(() => {
    const at = document.activeElement;
    const { outlineStyle } = getComputedStyle(at);
    return { name: at.className || at.id || at.tagName, seen: outlineStyle !== "none", top: at.getBoundingClientRect().top };
  });
  await page.evaluate(() => { document.activeElement.blur(); window.scrollTo(0, 0); });
  const passed = new Set();
  const all = await page.evaluate(() => document.querySelectorAll("a[href], [tabindex='0']").length);
  for (let at = 0; at < all; at += 1) {
    await page.keyboard.press("Tab");
    const { name, seen, top } = await focused();
    if (at === 0 && (name !== "skip" || top < 0)) wrong.push(`the first stop is ${name} at ${top}`);
    if (!seen) wrong.push(`the focus is not seen on ${name}`);
    passed.add(await page.evaluate(() => [...document.querySelectorAll("*")].indexOf(document.activeElement)));
  }
  if (passed.size !== all) wrong.push(`${passed.size} of ${all} stops were reached`);
  return wrong;
}

async function onPaper(page, name) {
  const wrong = [];
  for (const format of ["A4", "Letter"]) {
    const pdf = await page.pdf({ format, printBackground: false, preferCSSPageSize: false });
    const pages = (pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g) ?? []).length;
    if (pages === 0) wrong.push(`${format}: no page`);
    const file = path.join(folder, `${name}-${format}.pdf`);
    await writeFile(file, pdf);
    if ((await stat(file)).size < 1000) wrong.push(`${format}: an empty file`);
  }
  return wrong;
}

// Another parser than the one that wrote the page's tests: what it makes of hostile names is text and nothing else.
async function harmless(page) {
  const shown = await readFile(path.join(folder, "hostile.txt"), "utf8");
  return page.evaluate((shown) => {
    const wrong = [];
    for (const tag of ["script", "img", "iframe", "object", "embed", "link", "base", "form"]) {
      if (document.querySelector(tag)) wrong.push(`an element ${tag} came of a name`);
    }
    for (const element of document.querySelectorAll("*")) {
      for (const { name } of element.attributes) {
        if (name.startsWith("on") || name === "style" || name === "src") wrong.push(`an attribute ${name} came of a name`);
      }
    }
    const comments = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
    if (comments.nextNode()) wrong.push("a comment came of a name");
    const told = document.querySelectorAll("footer p, h1, .subject, .masthead .source, .found p, table th, .facts dd, .panel title");
    const whole = [...told].filter((element) => element.textContent.includes(shown)).length;
    if (whole < 20) wrong.push(`the name is shown whole in ${whole} places`);
    if (!document.title.includes("not-intact")) wrong.push("the title is not its own");
    return wrong;
  }, shown);
}
