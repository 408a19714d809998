/** Footfall for bundlers: `import footfall from "footfall-browser"; footfall.init({ key: "pk_…", endpoint: "https://…" })`. */
import { create } from "./client";

export type { Event, Footfall, Options, Properties, Verdict } from "./types";
const footfall = create();
export default footfall;
