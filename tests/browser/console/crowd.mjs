// A list of which one page does not show all: events, people, the visitors and the history of one of them.
import { enter, find, open, press, rest, tab, text, until } from "./browser.mjs";

/** How many rows there are before and after the button for more, and how many of them are there twice. */
async function paged(page, button, row) {
  const rows = () =>
    page.$$eval(row, (all) =>
      all.map((one) => [...one.querySelectorAll(".what, .who, th")].map((part) => part.innerText).join(" ")),
    );
  await find(page, row);
  await rest(page);
  const before = (await rows()).length;
  await press(page, "main button", button);
  await until(async () => (await rows()).length > before, "more rows");
  const all = await rows();
  return { numbers: [before, all.length], twice: all.length - new Set(all).size };
}

export async function crowded(browser, given, complaints) {
  const page = await tab(browser, complaints);
  const at = (view) => `${given.url}/console/${view}list=${given.crowded}`;
  await page.goto(at(`people?person=${given.crowd}&`));
  await enter(page, given);
  await find(page, ".timeline .arrival");
  const found = await page.evaluate(() => ({
    top: document.getElementById("history").getBoundingClientRect().top,
    all: document.querySelectorAll(".visitors li").length,
    shown: document.querySelectorAll(".visitors li:not(details *)").length,
  }));
  const texts = { folded: await text(page, ".folded summary"), conflict: await text(page, ".conflicts") };
  await press(page, ".folded summary");
  await until(() => page.evaluate(() => document.querySelector(".folded li").checkVisibility()));
  const history = await paged(page, "Older events", ".arrival");
  await press(page, ".conflicts a");
  const other = await until(async () => (await text(page, "h1")).includes("shared") && text(page, "h1"));
  await open(page, at("explore?show=list&"));
  const events = await paged(page, "Older events", ".arrival");
  await open(page, at("people?"));
  const people = await paged(page, "More", "tbody tr");
  return { ...found, ...texts, other, history, events, people };
}
