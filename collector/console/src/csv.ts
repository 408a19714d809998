// Tables as files, by RFC 4180.
import { stringify } from "./json";
import type { Json } from "./shapes";

export type Cell = Json | undefined;

/** A cell; one that a spreadsheet would run as a formula has a quote before it. */
function cell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = typeof value === "string" ? value : stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csv = (rows: Cell[][]): string => rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** Has the browser keep a table as a file. */
export function save(name: string, rows: Cell[][]): void {
  const link = document.createElement("a");
  // The mark at its beginning tells spreadsheets that it is UTF-8.
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv(rows)], { type: "text/csv;charset=utf-8" }));
  link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
