// Live, where the line to the collector breaks, where there are many tabs, and where the collector has trouble of its own.
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { enter, find, press, shows, tab, text, type, until } from "./browser.mjs";

/** Stands between the page and the collector, and can be cut. */
async function withLine(url, work) {
  const { hostname, port } = new URL(url);
  const ends = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const end of [near, far])
      (ends.add(end),
        end.on("error", () => {}),
        end.on("close", () => (ends.delete(end), near.destroy(), far.destroy())));
    near.pipe(far).pipe(near);
  });
  await new Promise((up) => server.listen(0, "127.0.0.1", up));
  try {
    return await work(
      `http://127.0.0.1:${server.address().port}`,
      (now) => ((cut = now), cut && ends.forEach((end) => end.destroy())),
    );
  } finally {
    for (const end of ends) end.destroy();
    server.close();
  }
}

const count = (page, name) =>
  page.$$eval(".arrival", (all, wanted) => all.filter((one) => one.innerText.includes(wanted)).length, name);

/** Sends something as an app does, past the page's line, on a connection of its own: any process may have it. */
function send({ url, secret }, path, content) {
  const headers = { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" };
  return new Promise((done, fail) => {
    const sent = request(url + path, { method: "POST", headers, agent: false }, (answer) =>
      answer.resume().on("end", () => done(answer.statusCode)),
    );
    sent.on("error", fail).end(JSON.stringify(content));
  });
}

export const track = (given, Event) => send(given, "/api/v1/event", { Event, ListID: given.keyless });

/** Live goes on by itself when the line comes back, shows what came meanwhile, and nothing twice. */
export function interrupted(browser, given, complaints) {
  return withLine(given.url, async (url, cut) => {
    const page = await tab(browser, []); // its console tells of each try
    await page.goto(`${url}/console/arrivals?list=${given.keyless}`);
    await enter(page, given);
    await shows(page, "Listening");
    await track(given, "before");
    await until(() => count(page, "before"));
    cut(true);
    await shows(page, "Interrupted");
    await track(given, "meanwhile");
    cut(false);
    await until(() => count(page, "meanwhile"));
    await shows(page, "Listening");
    const found = { paused: await paused(page, given, cut), filtered: await filtered(page) };
    await unanswered(page, cut);
    complaints.push(...(await page.evaluate(() => violations)));
    return found;
  });
}

/** How many of what came while it was paused are shown before it goes on, and how many of all after. */
async function paused(page, given, cut) {
  await press(page, "button", "Pause");
  await track(given, "after");
  await shows(page, "1 event waiting");
  // A line that comes back brings again what had come.
  cut(true);
  await track(given, "later");
  cut(false);
  await shows(page, "2 events waiting");
  const meanwhile = await count(page, "after");
  await press(page, "button", "Go on");
  await until(() => count(page, "later"));
  const all = {};
  for (const name of ["before", "meanwhile", "after", "later"]) all[name] = await count(page, name);
  return { meanwhile, all };
}

async function filtered(page) {
  await type(page, "[type=search]", "MEANWHILE");
  await until(async () => !(await count(page, "before")));
  return count(page, "meanwhile");
}

/** A question that is not answered says so, and can be asked again. */
async function unanswered(page, cut) {
  await press(page, "nav a", "Explore");
  await find(page, "th a", "before");
  // Until all are counted the view asks again by itself.
  await until(() => page.$$eval("[data-name=Counted]", (all) => all.every((one) => parseInt(one.innerText) > 0)));
  cut(true);
  await press(page, ".tabs a", "Over time");
  await shows(page, "does not answer");
  cut(false);
  await press(page, "button", "Try again");
  await until(() => page.$(".chart canvas"));
}

const MANY = 7; // a browser has six connections to a host

/** However many tabs are open, each that is looked at listens; and one that comes back has what came meanwhile. */
export async function tabs(browser, given, complaints) {
  const listening = async (page) => {
    await page.goto(`${given.url}/console/arrivals?list=${given.keyless}`);
    await enter(page, given);
    await shows(page, "Listening");
  };
  const first = await tab(browser, complaints);
  await listening(first);
  for (let opened = 1; opened < MANY; opened++) await listening(await tab(browser, complaints));
  const left = await until(async () => (await text(first, ".connection")) === "Connecting" && "Connecting");
  await track(given, "while it was away");
  await first.bringToFront();
  await shows(first, "Listening");
  await until(() => count(first, "while it was away"));
  return { left, came: await count(first, "while it was away") };
}

/** Opens Live of an address, which asks for the session again and again as long as the database is away. */
async function comeBack(page, { url, keyless }) {
  let refused = 0;
  const heard = (answer) => void (answer.status() === 503 && refused++);
  page.on("response", heard);
  await page.goto(`${url}/console/arrivals?list=${keyless}`);
  await until(() => refused > 2, "two more tries");
  page.off("response", heard);
}

/** A collector of two processes: what either takes, what comes too fast, and a database that stands still. */
export async function troubled(browser, { apart, browser: name }, complaints) {
  const page = await tab(browser, complaints, /\b503\b/);
  await page.goto(`${apart.url}/console/arrivals?list=${apart.keyless}`);
  await enter(page, apart);
  await shows(page, "Listening");
  const wanted = Array.from({ length: 16 }, (_, number) => `trial ${number} by ${name}`);
  await Promise.all(wanted.map((one) => track(apart, one)));
  for (const one of wanted) await until(() => count(page, one), one);
  const Events = Array.from({ length: 1_000 }, () => ({ Event: "flood", Properties: { isTest: true } }));
  await send(apart, "/api/v1/events", { ListID: apart.keyless, Events });
  await shows(page, "came too fast to be shown", ".connection");
  await page.goto(`${apart.url}/console/setup?list=none`);
  await shows(page, "Waiting for the first event");
  process.kill(apart.mongod, "SIGSTOP");
  try {
    await shows(page, "The database cannot be reached", ".first");
    await press(page, "nav a", "Live");
    await shows(page, "The database cannot be reached", ".connection");
    await comeBack(page, apart);
    await track(apart, `meanwhile by ${name}`);
  } finally {
    process.kill(apart.mongod, "SIGCONT");
  }
  await shows(page, "Listening", ".connection");
  await until(() => count(page, `meanwhile by ${name}`));
  return { trials: await count(page, `by ${name}`), meanwhile: await count(page, `meanwhile by ${name}`) };
}
