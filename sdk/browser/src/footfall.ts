/** The script tag's side of Footfall: finds its tag, and gives the page `footfall`. */
import { create } from "./client";

create((document.currentScript || document.querySelector("script[data-key]")) as HTMLScriptElement | null);
