// Every view, over a list of names and values that are markup: nothing of it runs, nothing breaks the layout, and axe has
// nothing serious to say.
import { AXE, logIn, open, press, rest, tab, until } from "./browser.mjs";

const filter = (name, value) =>
  encodeURIComponent(JSON.stringify([{ Property: name, Operator: "is_not", Value: value }]));

/** The addresses of all views, and what is opened in them. */
function views({ hostile, person, event, property }) {
  const [list, name, of] = [`?list=${hostile}`, `&event=${encodeURIComponent(event)}`, encodeURIComponent(property)];
  return {
    setup: [`setup${list}`, "details > summary"],
    live: [`arrivals${list}`, ".arrival .line"],
    explore: [`explore${list}`],
    trend: [`explore${list}${name}&by=${of}&filter=${filter(property, 1)}`, "details > summary"],
    filter: [`explore${list}${name}`, ".tools button[aria-expanded]"],
    properties: [`explore${list}${name}&show=properties`],
    values: [`explore${list}${name}&show=properties&property=${of}`],
    list: [`explore${list}&show=list`, ".arrival .line"],
    people: [`people${list}`],
    person: [`people${list}&person=${person}`, ".arrival .line"],
    unknown: ["explore?list=987654"],
  };
}

async function faultsOf(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} (${nodes[0].any[0]?.message ?? ""})`);
}

const scheme = (page, value) => page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);

/** How many pixels stick out of the page, to its side. */
const overflow = (page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));

/** What a view is like, wide and light, narrow and dark. Firefox is told of no scheme, and axe judges in Chromium alone. */
async function judged(page, browser) {
  const found = { axe: [], overflow: {} };
  for (const [width, value] of [
    [1200, "light"],
    [360, "dark"],
  ]) {
    await page.setViewport({ width, height: 800 });
    await rest(page);
    // A chart takes its new width a moment after the page has.
    await until(async () => !(await overflow(page))).catch(() => {});
    found.overflow[width] = await overflow(page);
    if (browser !== "chromium") continue;
    await scheme(page, value);
    found.axe.push(...(await faultsOf(page)));
  }
  await page.setViewport({ width: 1200, height: 800 });
  return found;
}

/** Events come into Live one by one, and move what is there. */
const arrived = (page, many) => until(async () => (await page.$$(".arrival")).length >= many, `${many} events in Live`);

export async function everyView(browser, given, complaints) {
  const page = await tab(browser, complaints);
  await page.goto(`${given.url}/console/explore?list=${given.hostile}`);
  const login = await judged(page, given.browser);
  await logIn(page, given);
  await rest(page);
  const found = { login };
  for (const [name, [address, opened]] of Object.entries(views(given))) {
    await open(page, `${given.url}/console/${address}`);
    if (name === "live") await arrived(page, given.events);
    if (opened) await press(page, opened);
    if (name === "live") await until(() => page.$(".details"));
    await rest(page);
    const text = await page.evaluate(() => document.querySelector("main").innerText);
    const ran = await page.evaluate(() => ({
      hacked: window.hacked ?? null,
      violations,
      elements: document.querySelectorAll("main img, main script, main iframe").length,
    }));
    found[name] = { text, ...ran, ...(await judged(page, given.browser)) };
  }
  return { views: found };
}
