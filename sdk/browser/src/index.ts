/** Footfall for bundlers: `import footfall from "footfall-browser"; footfall.init({ key: "pk_…", endpoint: "https://…" })`. */
import "./client";

export type { Event, Footfall, Options, Properties, Verdict } from "./types";
export default self.footfall;
